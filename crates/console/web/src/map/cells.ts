/** Below zoom 8: how many vehicles are where, in the colour and shape of their worst open alert. At most 2,000. */

import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibre, MapLayerMouseEvent } from "maplibre-gl";
import { shown } from "./base";
import type { Cell } from "./frames";
import { ink, onTheme, SEVERITIES } from "./ink";

const SOURCE = "cells";
const LAYERS = ["cells-discs", "cells-counts", "cells-worst"];
/** Zoom levels that a click on a cell goes nearer. */
const NEARER = 2;

export class CellsLayer {
  private readonly undo: () => void;

  constructor(private readonly map: MapLibre) {
    map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    const radius = ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 11, 10, 18, 40, 30, 120, 44] as never;
    map.addLayer({ id: "cells-discs", type: "circle", source: SOURCE, paint: { "circle-radius": radius, "circle-opacity": 0.88, "circle-stroke-width": 2 } });
    map.addLayer({ id: "cells-counts", type: "symbol", source: SOURCE, layout: { "text-field": ["get", "text"], "text-font": ["Noto Sans CJK SC", "sans-serif"], "text-size": 12, "text-allow-overlap": true, "text-ignore-placement": true } });
    map.addLayer({
      id: "cells-worst",
      type: "symbol",
      source: SOURCE,
      filter: [">", ["get", "severity"], 0],
      layout: { "icon-image": ["concat", "severity-", ["at", ["-", ["get", "severity"], 1], ["literal", [...SEVERITIES]]]], "icon-size": 0.8, "icon-offset": [0, -20], "icon-allow-overlap": true, "icon-ignore-placement": true },
    });
    map.on("click", "cells-discs", this.click);
    map.on("mouseenter", "cells-discs", () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", "cells-discs", () => (map.getCanvas().style.cursor = ""));
    this.undo = onTheme(() => this.paint());
  }

  private paint(): void {
    const worst = ["match", ["get", "severity"], 1, ink("info"), 2, ink("minor"), 3, ink("major"), 4, ink("critical"), ink("good")] as never;
    this.map.setPaintProperty("cells-discs", "circle-color", ink("panel"));
    this.map.setPaintProperty("cells-discs", "circle-stroke-color", worst);
    this.map.setPaintProperty("cells-counts", "text-color", ink("text"));
  }

  private readonly click = (event: MapLayerMouseEvent) => {
    this.map.easeTo({ center: event.lngLat, zoom: this.map.getZoom() + NEARER });
  };

  show(cells: readonly Cell[]): void {
    const features = cells.map(
      ({ lon, lat, count, severity }): Feature => ({ type: "Feature", properties: { count, severity, text: short(count) }, geometry: { type: "Point", coordinates: shown([lon, lat]) } }),
    );
    void this.map.getSource<GeoJSONSource>(SOURCE)?.setData({ type: "FeatureCollection", features });
  }

  setVisible(isVisible: boolean): void {
    for (const layer of LAYERS) this.map.setLayoutProperty(layer, "visibility", isVisible ? "visible" : "none");
  }

  remove(): void {
    this.undo();
  }
}

/** `950`, `1.2k`, `14k` */
export const short = (count: number): string => (count < 1000 ? String(count) : count < 10_000 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`);
