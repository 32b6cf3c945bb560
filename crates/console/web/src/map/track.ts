/** A vehicle's track on a map: what led up to it, the violation itself in the colour of its severity, marks, a puck. */

import type { Feature, FeatureCollection } from "geojson";
import { LngLatBounds, type GeoJSONSource, type LayerSpecification, type Map as MapLibre, type MapMouseEvent, type PaddingOptions } from "maplibre-gl";
import { shown } from "./base";
import type { LonLat } from "./gcj02";
import { ink, onTheme } from "./ink";

/** A position of the interface, or as much of one as there is. Degrees, WGS-84. */
export type TrackPoint = { lon: number; lat: number; heading_deg?: number; speed_kmh?: number; time?: string };

export type TrackMark = {
  lon: number;
  lat: number;
  /** A severity draws its shape; `stop` a square, `start` and `end` a ring. */
  kind: "critical" | "major" | "minor" | "info" | "stop" | "start" | "end";
  /** Short words beside it. */
  text?: string;
  /** Given back when it is clicked. */
  id?: string;
};

export type Track = {
  /** Led up to it, oldest first; drawn quiet. */
  before?: TrackPoint[];
  /** The violation, or the whole track where there is none, oldest first. */
  during?: TrackPoint[];
  /** Colours `during`; null draws it in the accent. */
  severity?: string | null;
  marks?: TrackMark[];
};

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
/** A gap longer than this is no line: the vehicle was not heard, milliseconds. */
const GAP_MS = 30 * 60_000;
/** Pixels within which the pointer finds the track. */
const NEAR_PX = 14;
const FIT_MOST_ZOOM = 15;

const place = ({ lon, lat }: TrackPoint): LonLat => shown([lon, lat]);

/** Parts of a track between gaps. */
function parts(points: TrackPoint[]): LonLat[][] {
  const found: LonLat[][] = [[]];
  points.forEach((point, i) => {
    const before = points[i - 1];
    const isGap = before?.time && point.time && Date.parse(point.time) - Date.parse(before.time) > GAP_MS;
    if (isGap) found.push([]);
    found.at(-1)!.push(place(point));
  });
  return found.filter((part) => part.length > 1);
}

const line = (role: string, points: TrackPoint[]): Feature => ({ type: "Feature", properties: { role }, geometry: { type: "MultiLineString", coordinates: parts(points) } });

export class TrackLayer {
  private points: TrackPoint[] = [];
  private shownTrack: Track = {};
  private readonly undo: (() => void)[] = [];

  /** `name` sets apart several tracks on one map. `below`: id of the layer they go under. */
  constructor(
    private readonly map: MapLibre,
    private readonly name = "track",
    below?: string,
  ) {
    for (const source of [name, `${name}-marks`, `${name}-puck`]) map.addSource(source, { type: "geojson", data: EMPTY });
    for (const layer of this.layers()) map.addLayer(layer, below);
    this.undo.push(onTheme(() => this.paint()));
  }

  private layers(): LayerSpecification[] {
    const round = { "line-join": "round", "line-cap": "round" } as const;
    const text = { "text-field": ["get", "text"], "text-font": ["Noto Sans CJK SC", "sans-serif"], "text-size": 12, "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true } as const;
    return [
      { id: `${this.name}-edge`, type: "line", source: this.name, layout: round, paint: { "line-width": 7, "line-opacity": 0.85 } },
      { id: `${this.name}-before`, type: "line", source: this.name, filter: ["==", ["get", "role"], "before"], layout: { "line-join": "round" }, paint: { "line-width": 3, "line-dasharray": [2, 1.2] } },
      { id: `${this.name}-during`, type: "line", source: this.name, filter: ["==", ["get", "role"], "during"], layout: round, paint: { "line-width": 4.5 } },
      { id: `${this.name}-along`, type: "symbol", source: this.name, layout: { "symbol-placement": "line", "symbol-spacing": 90, "icon-image": "along", "icon-allow-overlap": true, "icon-ignore-placement": true } },
      { id: `${this.name}-ends`, type: "circle", source: `${this.name}-marks`, filter: ["in", ["get", "kind"], ["literal", ["start", "end"]]], paint: { "circle-radius": 6, "circle-stroke-width": 3 } },
      { id: `${this.name}-icons`, type: "symbol", source: `${this.name}-marks`, layout: { "icon-image": ["match", ["get", "kind"], "stop", "stop", ["start", "end"], "", ["concat", "severity-", ["get", "kind"]]], "icon-allow-overlap": true, ...text } },
      { id: `${this.name}-puck-ring`, type: "circle", source: `${this.name}-puck`, paint: { "circle-radius": 15, "circle-opacity": 0.25, "circle-stroke-width": 2 } },
      { id: `${this.name}-puck`, type: "symbol", source: `${this.name}-puck`, layout: { "icon-image": "arrow", "icon-rotate": ["get", "heading"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true, ...text, "text-ignore-placement": true, "text-allow-overlap": true } },
    ] as LayerSpecification[];
  }

  private paint(): void {
    const { map, name } = this;
    const [panel, words] = [ink("panel"), ink("text")];
    map.setPaintProperty(`${name}-edge`, "line-color", panel);
    map.setPaintProperty(`${name}-before`, "line-color", ink("quiet"));
    map.setPaintProperty(`${name}-during`, "line-color", ink(this.shownTrack.severity ?? "accent"));
    map.setPaintProperty(`${name}-ends`, "circle-color", panel);
    map.setPaintProperty(`${name}-ends`, "circle-stroke-color", ["match", ["get", "kind"], "start", ink("good"), words]);
    map.setPaintProperty(`${name}-puck-ring`, "circle-color", ink("accent"));
    map.setPaintProperty(`${name}-puck-ring`, "circle-stroke-color", ink("accent"));
    for (const layer of [`${name}-icons`, `${name}-puck`]) {
      map.setPaintProperty(layer, "text-color", words);
      map.setPaintProperty(layer, "text-halo-color", panel);
      map.setPaintProperty(layer, "text-halo-width", 1.5);
    }
  }

  private put(source: string, features: Feature[]): void {
    void this.map.getSource<GeoJSONSource>(source)?.setData({ type: "FeatureCollection", features });
  }

  /** Draws a track in place of the one before. */
  show(track: Track): void {
    const { before = [], during = [], marks = [] } = track;
    this.shownTrack = track;
    this.points = [...before, ...during];
    // The two lines meet.
    const joined = before.length > 0 && during.length > 0 ? [...before, during[0]!] : before;
    this.put(this.name, [line("before", joined), line("during", during)]);
    this.put(
      `${this.name}-marks`,
      marks.map(({ kind, text = "", id = "", ...at }) => ({ type: "Feature", properties: { kind, text, id }, geometry: { type: "Point", coordinates: place(at) } })),
    );
    this.paint();
  }

  /** The vehicle at a place, pointing where it heads; null takes it off. */
  puck(at: TrackPoint | null, text = ""): void {
    const features: Feature[] = at ? [{ type: "Feature", properties: { heading: at.heading_deg ?? 0, text }, geometry: { type: "Point", coordinates: place(at) } }] : [];
    this.put(`${this.name}-puck`, features);
  }

  /** Moves the map so that all of it is seen. */
  fit(padding: number | PaddingOptions = 60, animate = false): void {
    const places = [...this.points, ...(this.shownTrack.marks ?? [])];
    if (places.length === 0) return;
    const bounds = new LngLatBounds();
    for (const one of places) bounds.extend(place(one));
    this.map.fitBounds(bounds, { padding, maxZoom: FIT_MOST_ZOOM, animate });
  }

  /** Calls with the index into `[...before, ...during]` of the point under the pointer, or null when it leaves. */
  onHover(handle: (index: number | null) => void): void {
    let was: number | null = null;
    const tell = (index: number | null) => {
      if (index !== was) handle((was = index));
    };
    const move = (event: MapMouseEvent) => tell(this.nearest(event.point));
    const out = () => tell(null);
    this.map.on("mousemove", move);
    this.map.on("mouseout", out);
    this.undo.push(() => this.map.off("mousemove", move).off("mouseout", out));
  }

  /** Calls with the `id` of a mark that is clicked. */
  onMark(handle: (id: string) => void): void {
    const layer = `${this.name}-icons`;
    const click = (event: MapMouseEvent & { features?: Feature[] }) => {
      const id: unknown = event.features?.[0]?.properties?.id;
      if (id) handle(String(id));
    };
    const enter = () => (this.map.getCanvas().style.cursor = "pointer");
    const leave = () => (this.map.getCanvas().style.cursor = "");
    this.map.on("click", layer, click);
    this.map.on("mouseenter", layer, enter);
    this.map.on("mouseleave", layer, leave);
    this.undo.push(() => this.map.off("click", layer, click).off("mouseenter", layer, enter).off("mouseleave", layer, leave));
  }

  private nearest({ x, y }: { x: number; y: number }): number | null {
    const [west, north] = this.map.unproject([x - NEAR_PX, y - NEAR_PX]).toArray();
    const [east, south] = this.map.unproject([x + NEAR_PX, y + NEAR_PX]).toArray();
    let best: number | null = null;
    let least = NEAR_PX;
    this.points.forEach((point, index) => {
      const [lon, lat] = place(point);
      if (lon < west || lon > east || lat < south || lat > north) return;
      const at = this.map.project([lon, lat]);
      const far = Math.hypot(at.x - x, at.y - y);
      if (far < least) [best, least] = [index, far];
    });
    return best;
  }

  /** Takes everything off the map. Not needed when the map itself goes. */
  remove(): void {
    for (const undo of this.undo) undo();
    for (const { id } of this.layers()) if (this.map.getLayer(id)) this.map.removeLayer(id);
    for (const source of [this.name, `${this.name}-marks`, `${this.name}-puck`]) if (this.map.getSource(source)) this.map.removeSource(source);
  }
}
