/** Zones and routes: a kind is told by its pattern and its colour, and named. */

import type { Feature, FeatureCollection, Position } from "geojson";
import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import { language, type Language } from "../words";
import { shown } from "./base";
import { ink, onTheme } from "./ink";

type Look = { dark: string; light: string; pattern: "slant" | "back" | "cross" | "dots" | "grid" | "none" };

/** How each kind looks; the legend reads the same table. */
export const LOOKS: Record<string, Look> = {
  bridge: { dark: "#b9a6ff", light: "#5b3fc4", pattern: "none" },
  tunnel: { dark: "#b9a6ff", light: "#5b3fc4", pattern: "none" },
  "water-source": { dark: "#45b8ff", light: "#0870b8", pattern: "slant" },
  "no-parking": { dark: "#ff7d95", light: "#c4122f", pattern: "cross" },
  "speed-limit": { dark: "#ffc04a", light: "#9a6400", pattern: "dots" },
  closed: { dark: "#ff7d95", light: "#a30d26", pattern: "grid" },
  "hazmat-park": { dark: "#ffa264", light: "#b04a00", pattern: "back" },
  "relay-point": { dark: "#4cd3b5", light: "#0a7a63", pattern: "dots" },
  "service-area": { dark: "#7fd069", light: "#2f7a1b", pattern: "back" },
};
export const ROUTE: Look = { dark: "#57c7d9", light: "#107a8c", pattern: "none" };

const TILE = 16;
export const colorOf = (look: Look): string => (document.documentElement.classList.contains("dark") ? look.dark : look.light);
const byKind = (value: (look: Look, kind: string) => string, other: string) => ["match", ["get", "kind"], ...Object.entries(LOOKS).flatMap(([kind, look]) => [kind, value(look, kind)]), other] as never;

/** A pattern as a picture; the legend draws it too. */
export function hatch(look: Look): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = TILE;
  const context = canvas.getContext("2d")!;
  context.strokeStyle = context.fillStyle = colorOf(look);
  context.globalAlpha = 0.14;
  context.fillRect(0, 0, TILE, TILE);
  context.globalAlpha = 0.75;
  context.lineWidth = 1.4;
  const lines: [number, number, number, number][] = [];
  if (look.pattern === "slant" || look.pattern === "cross") lines.push([-2, TILE + 2, TILE + 2, -2], [-2, 2, 2, -2], [TILE - 2, TILE + 2, TILE + 2, TILE - 2]);
  if (look.pattern === "back" || look.pattern === "cross") lines.push([-2, -2, TILE + 2, TILE + 2], [TILE - 2, -2, TILE + 2, 2], [-2, TILE - 2, 2, TILE + 2]);
  if (look.pattern === "grid") lines.push([0, TILE / 2, TILE, TILE / 2], [TILE / 2, 0, TILE / 2, TILE]);
  context.beginPath();
  for (const [x, y, u, v] of lines) {
    context.moveTo(x, y);
    context.lineTo(u, v);
  }
  context.stroke();
  if (look.pattern === "dots") for (const [x, y] of [[4, 4], [12, 12]] as const) context.fillRect(x - 1.5, y - 1.5, 3, 3);
  return context.getImageData(0, 0, TILE, TILE);
}

const isArea: LayerSpecification["metadata"] = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
const names: Record<Language, unknown> = {
  zh: ["coalesce", ["get", "name_zh"], ["get", "name_en"], ""],
  en: ["coalesce", ["get", "name_en"], ["get", "name_zh"], ""],
  both: ["concat", ["coalesce", ["get", "name_zh"], ""], "\n", ["coalesce", ["get", "name_en"], ""]],
};

/** GeoJSON as the map draws it: coordinates pass through `shown`. */
export function asShown(data: FeatureCollection): FeatureCollection {
  const move = (at: unknown): unknown => (Array.isArray(at) && typeof at[0] === "number" ? shown(at.slice(0, 2) as [number, number]) : (at as Position[]).map(move));
  return { ...data, features: data.features.map((feature) => ({ ...feature, geometry: feature.geometry.type === "GeometryCollection" ? feature.geometry : ({ ...feature.geometry, coordinates: move(feature.geometry.coordinates) } as Feature["geometry"]) })) };
}

const ZONE_LAYERS = ["zones-fill", "zones-edge", "zones-bridges", "zones-tunnels", "zones-points", "zones-names"];
const ROUTE_LAYERS = ["routes-edge", "routes-line", "routes-names"];
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

export class ZonesLayer {
  private readonly undo: () => void;

  /** `below`: id of the layer they go under. */
  constructor(
    private readonly map: MapLibre,
    below?: string,
  ) {
    map.addSource("zones", { type: "geojson", data: EMPTY });
    map.addSource("routes", { type: "geojson", data: EMPTY });
    for (const layer of this.layers()) map.addLayer(layer, below);
    this.undo = onTheme(() => this.paint());
  }

  private layers(): LayerSpecification[] {
    const text = { "text-font": ["Noto Sans CJK SC", "sans-serif"], "text-size": 11, "text-optional": true };
    const line = ["match", ["geometry-type"], ["LineString", "MultiLineString"], true, false];
    const round = { "line-join": "round", "line-cap": "round" };
    return [
      { id: "routes-edge", type: "line", source: "routes", layout: round, paint: { "line-width": 4, "line-opacity": 0.6 } },
      { id: "routes-line", type: "line", source: "routes", layout: { "line-join": "round" }, paint: { "line-width": 1.8, "line-dasharray": [5, 2] } },
      { id: "routes-names", type: "symbol", source: "routes", minzoom: 9.5, layout: { ...text, "symbol-placement": "line", "symbol-spacing": 500 }, paint: { "text-halo-width": 1.5 } },
      { id: "zones-fill", type: "fill", source: "zones", filter: isArea, paint: { "fill-pattern": ["concat", "zone-", ["get", "kind"]] } },
      { id: "zones-edge", type: "line", source: "zones", filter: isArea, layout: { "line-join": "round" }, paint: { "line-width": 2 } },
      { id: "zones-bridges", type: "line", source: "zones", filter: ["all", line, ["!=", ["get", "kind"], "tunnel"]], minzoom: 8, paint: { "line-width": 2, "line-gap-width": 4 } },
      { id: "zones-tunnels", type: "line", source: "zones", filter: ["all", line, ["==", ["get", "kind"], "tunnel"]], minzoom: 8, paint: { "line-width": 6, "line-dasharray": [0.7, 0.5] } },
      { id: "zones-points", type: "circle", source: "zones", filter: ["==", ["geometry-type"], "Point"], minzoom: 8, paint: { "circle-radius": 5, "circle-stroke-width": 2 } },
      { id: "zones-names", type: "symbol", source: "zones", minzoom: 9.5, layout: { ...text, "symbol-placement": "point" }, paint: { "text-halo-width": 1.5 } },
    ] as LayerSpecification[];
  }

  private paint(): void {
    const { map } = this;
    for (const [kind, look] of Object.entries(LOOKS)) {
      if (map.hasImage(`zone-${kind}`)) map.updateImage(`zone-${kind}`, hatch(look));
      else map.addImage(`zone-${kind}`, hatch(look));
    }
    const color = byKind(colorOf, ink("quiet"));
    for (const layer of ["zones-edge", "zones-bridges", "zones-tunnels"]) map.setPaintProperty(layer, "line-color", color);
    map.setPaintProperty("zones-points", "circle-color", ink("panel"));
    map.setPaintProperty("zones-points", "circle-stroke-color", color);
    map.setPaintProperty("routes-edge", "line-color", ink("panel"));
    map.setPaintProperty("routes-line", "line-color", colorOf(ROUTE));
    for (const [layer, of] of [["zones-names", color], ["routes-names", colorOf(ROUTE)]] as const) {
      map.setPaintProperty(layer, "text-color", of);
      map.setPaintProperty(layer, "text-halo-color", ink("panel"));
    }
    this.name();
  }

  /** Names again, after another language was chosen. */
  name(): void {
    for (const layer of ["zones-names", "routes-names"]) this.map.setLayoutProperty(layer, "text-field", (layer === "routes-names" && language() === "both" ? names.zh : names[language()]) as never);
  }

  show(zones: FeatureCollection, routes: FeatureCollection): void {
    void this.map.getSource<GeoJSONSource>("zones")?.setData(asShown(zones));
    void this.map.getSource<GeoJSONSource>("routes")?.setData(asShown(routes));
  }

  setVisible(which: "zones" | "routes", isVisible: boolean): void {
    for (const layer of which === "zones" ? ZONE_LAYERS : ROUTE_LAYERS) this.map.setLayoutProperty(layer, "visibility", isVisible ? "visible" : "none");
  }

  remove(): void {
    this.undo();
  }
}
