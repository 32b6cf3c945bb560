/** A ruler: click to lay it, double click or Enter to end, Escape to take it away. Lengths are great circles in WGS-84. */

import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { shown, stored } from "./base";
import type { LonLat } from "./gcj02";
import { ink, onTheme } from "./ink";
import { distance, metres } from "./measure";

const SOURCE = "ruler";

export class Ruler {
  private points: LonLat[] = [];
  private undo: (() => void)[] = [];
  isOn = false;

  constructor(
    private readonly map: MapLibre,
    private readonly ended: () => void,
  ) {
    map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "ruler-line", type: "line", source: SOURCE, layout: { "line-cap": "round" }, paint: { "line-width": 2.5, "line-dasharray": [1.5, 1.5] } });
    map.addLayer({ id: "ruler-points", type: "circle", source: SOURCE, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 4, "circle-stroke-width": 2 } });
    map.addLayer({ id: "ruler-text", type: "symbol", source: SOURCE, filter: ["has", "text"], layout: { "text-field": ["get", "text"], "text-font": ["Noto Sans CJK SC", "sans-serif"], "text-size": 13, "text-offset": [0, -1.2], "text-allow-overlap": true }, paint: { "text-halo-width": 2 } });
    this.undo.push(
      onTheme(() => {
        map.setPaintProperty("ruler-line", "line-color", ink("text"));
        map.setPaintProperty("ruler-points", "circle-color", ink("panel"));
        map.setPaintProperty("ruler-points", "circle-stroke-color", ink("text"));
        map.setPaintProperty("ruler-text", "text-color", ink("text"));
        map.setPaintProperty("ruler-text", "text-halo-color", ink("panel"));
      }),
    );
  }

  start(): void {
    this.clear();
    this.isOn = true;
    this.map.getCanvas().style.cursor = "crosshair";
    this.map.doubleClickZoom.disable();
    this.map.on("click", this.add);
    this.map.on("mousemove", this.lead);
    this.map.on("dblclick", this.end);
  }

  private readonly add = ({ lngLat }: MapMouseEvent) => {
    this.points.push(stored([lngLat.lng, lngLat.lat]));
    this.draw();
  };
  private readonly lead = ({ lngLat }: MapMouseEvent) => {
    if (this.points.length > 0) this.draw(stored([lngLat.lng, lngLat.lat]));
  };
  /** Ends laying; the line stays until `clear` or another one. */
  readonly end = () => {
    if (!this.isOn) return;
    this.isOn = false;
    this.map.getCanvas().style.cursor = "";
    this.map.doubleClickZoom.enable();
    this.map.off("click", this.add);
    this.map.off("mousemove", this.lead);
    this.map.off("dblclick", this.end);
    this.draw();
    this.ended();
  };

  clear(): void {
    this.end();
    this.points = [];
    this.draw();
  }

  private draw(next?: LonLat): void {
    const places = next ? [...this.points, next] : this.points;
    let sum = 0;
    const marks = places.map((place, i): Feature => {
      if (i > 0) sum += metres(places[i - 1]!, place);
      return { type: "Feature", properties: i > 0 ? { text: distance(sum) } : {}, geometry: { type: "Point", coordinates: shown(place) } };
    });
    const line: Feature[] = places.length > 1 ? [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: places.map(shown) } }] : [];
    void this.map.getSource<GeoJSONSource>(SOURCE)?.setData({ type: "FeatureCollection", features: [...line, ...marks] });
  }

  remove(): void {
    for (const undo of this.undo) undo();
  }
}
