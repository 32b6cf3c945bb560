/** Drawing on the map: one shape at a time, in the base's own coordinates; in and out go WGS-84. */

import type { Geometry } from "geojson";
import type { Map as MapLibre } from "maplibre-gl";
import { TerraDraw, TerraDrawLineStringMode, TerraDrawPolygonMode, TerraDrawSelectMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import { shown, stored } from "../../map/base";
import { ink } from "../../map/ink";
import { moved } from "./places";

const CORNERS = { feature: { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true } } };

export class Drawing {
  private readonly draw: TerraDraw;

  /** `onShape` gets the shape when it is finished and each time it is changed. */
  constructor(map: MapLibre, onShape: (shape: Geometry) => void) {
    const accent = ink("accent") as `#${string}`;
    const styles = { fillColor: accent, fillOpacity: 0.2, outlineColor: accent, outlineWidth: 2, closingPointColor: accent, closingPointWidth: 6 };
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9 }),
      modes: [
        new TerraDrawPolygonMode({ styles }),
        new TerraDrawLineStringMode({ styles: { lineStringColor: accent, lineStringWidth: 3, closingPointColor: accent, closingPointWidth: 6 } }),
        new TerraDrawSelectMode({ flags: { polygon: CORNERS, linestring: CORNERS }, styles: { selectedPolygonColor: accent, selectedPolygonOutlineColor: accent, selectedLineStringColor: accent, selectionPointColor: accent, selectionPointWidth: 6 } }),
      ],
    });
    this.draw.start();
    this.draw.setMode("select");
    const tell = () => {
      const shape = this.shape();
      if (shape) onShape(shape);
    };
    this.draw.on("finish", (id, { action }) => {
      if (action === "draw") {
        this.draw.setMode("select");
        this.draw.selectFeature(id);
      }
      tell();
    });
    this.draw.on("change", (_ids, type) => type === "delete" || (this.draw.getMode() === "select" && tell()));
  }

  private shape(): Geometry | null {
    const drawn = this.draw.getSnapshot().find(({ properties, geometry }) => geometry.type !== "Point" && (properties.mode === "polygon" || properties.mode === "linestring"));
    return drawn ? moved(drawn.geometry as Geometry, stored) : null;
  }

  /** Begins a new shape; one that was there is gone. */
  begin(mode: "polygon" | "linestring"): void {
    this.clear();
    this.draw.setMode(mode);
  }

  /** Puts a shape there to be changed. */
  edit(shape: Geometry): void {
    this.clear();
    const geometry = moved(shape, shown) as never;
    const mode = shape.type === "LineString" ? "linestring" : "polygon";
    const [added] = this.draw.addFeatures([{ type: "Feature", geometry, properties: { mode } }]);
    if (added?.valid && added.id !== undefined) this.draw.selectFeature(added.id);
  }

  clear(): void {
    this.draw.setMode("select");
    this.draw.clear();
  }

  stop(): void {
    this.draw.stop();
  }
}
