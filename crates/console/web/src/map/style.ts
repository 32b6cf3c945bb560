/** The look of the base map, dark and light. No glyphs and no sprites: letters are drawn by the browser, marks by us. */

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Language } from "../words";
import type { Tiles } from "./base";

const DARK = { ground: "#10161d", water: "#17344d", shore: "#24506f", road: "#5d6a78", main: "#8a97a6", edge: "#3a4653", town: "#c3ccd6", lake: "#6fa8cf", halo: "#10161d" };
const LIGHT = { ground: "#f3f1ec", water: "#b9d8ea", shore: "#8fbbd6", road: "#c9c2b4", main: "#e0a94f", edge: "#b9b4aa", town: "#333c47", lake: "#2a6a95", halo: "#ffffff" };

const FONT = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];

/** Layers of ours that a base of tiles already shows. */
const OFFLINE = ["water", "shore", "divisions", "roads", "main-roads", "road-names", "lakes", "towns", "town-dots"];

const names: Record<Language, ExpressionSpecification> = {
  zh: ["get", "zh"],
  en: ["get", "en"],
  both: ["case", ["<=", ["get", "rank"], 2], ["concat", ["get", "zh"], "\n", ["get", "en"]], ["get", "zh"]],
};
const zoomed = (...stops: number[]): ExpressionSpecification => ["interpolate", ["exponential", 1.4], ["zoom"], ...stops] as ExpressionSpecification;
/** From which zoom a place of a rank is named. */
const byRank: ExpressionSpecification = ["step", ["zoom"], ["==", ["get", "rank"], 1], 6, ["<=", ["get", "rank"], 2], 7.5, true];
/** Small water is left out from far away, where it is a speck that costs as much as a lake, and near by, where its shores of 100 m show as edges. */
const byArea: ExpressionSpecification = ["step", ["zoom"], [">", ["get", "km2"], 60], 5, [">", ["get", "km2"], 8], 6.5, true, 10, [">", ["get", "km2"], 12]];
/** Roads of a few points each are seen from far away alone: near by they would lie about where the road runs. */
const unlessRough: ExpressionSpecification = ["step", ["zoom"], 1, 9.5, ["case", ["has", "rough"], 0, 1]];

export function layers(isDark: boolean, language: Language): LayerSpecification[] {
  const ink = isDark ? DARK : LIGHT;
  const text = { "text-color": ink.town, "text-halo-color": ink.halo, "text-halo-width": 1.4 };
  return [
    { id: "ground", type: "background", paint: { "background-color": ink.ground } },
    { id: "water", type: "fill", source: "water", filter: byArea, paint: { "fill-color": ink.water, "fill-antialias": false } },
    { id: "shore", type: "line", source: "water", filter: byArea, minzoom: 6, paint: { "line-color": ink.shore, "line-width": 0.7 } },
    { id: "divisions", type: "line", source: "divisions", minzoom: 6, layout: { visibility: "none" }, paint: { "line-color": ink.edge, "line-width": 1, "line-dasharray": [4, 3] } },
    { id: "roads", type: "line", source: "roads", filter: [">", ["get", "rank"], 1], layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": ink.road, "line-width": zoomed(4, 0.6, 9, 1.6, 14, 5), "line-opacity": unlessRough } },
    { id: "main-roads", type: "line", source: "roads", filter: ["==", ["get", "rank"], 1], layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": ink.main, "line-width": zoomed(4, 0.8, 9, 2.2, 14, 7) } },
    { id: "road-names", type: "symbol", source: "roads", minzoom: 6, filter: ["has", "ref"], layout: { "symbol-placement": "line", "symbol-spacing": 420, "text-field": ["get", "ref"], "text-font": FONT, "text-size": 11 }, paint: { ...text, "text-halo-width": 2, "text-opacity": unlessRough } },
    { id: "lakes", type: "symbol", source: "towns", filter: ["all", ["==", ["get", "kind"], "lake"], byRank], layout: { "text-field": names[language], "text-font": FONT, "text-size": 11 }, paint: { "text-color": ink.lake, "text-halo-color": ink.halo, "text-halo-width": 1 } },
    { id: "town-dots", type: "circle", source: "towns", filter: ["all", ["==", ["get", "kind"], "town"], byRank], paint: { "circle-radius": ["match", ["get", "rank"], 1, 3.2, 2, 2.4, 1.8], "circle-color": ink.town, "circle-stroke-color": ink.halo, "circle-stroke-width": 1 } },
    { id: "towns", type: "symbol", source: "towns", filter: ["all", ["==", ["get", "kind"], "town"], byRank], layout: { "text-field": names[language], "text-font": FONT, "text-size": ["match", ["get", "rank"], 1, 14, 2, 12, 11], "text-variable-anchor": ["left", "top", "right", "bottom"], "text-radial-offset": 0.5, "text-justify": "auto", "symbol-sort-key": ["get", "rank"] }, paint: text },
  ] as LayerSpecification[];
}

export function style(isDark: boolean, language: Language, tiles: Tiles | null): StyleSpecification {
  const all = layers(isDark, language);
  if (tiles) {
    const raster = { type: "raster" as const, tiles: tiles.urls, tileSize: tiles.size ?? 256, maxzoom: tiles.max_zoom ?? 18 };
    const kept = all.filter(({ id }) => !OFFLINE.includes(id));
    return { version: 8, sources: { tiles: raster }, layers: [...kept, { id: "tiles", type: "raster", source: "tiles" }] };
  }
  const file = (name: string, tolerance = 0.375) => ({ type: "geojson" as const, data: `/map/${name}.json`, tolerance, maxzoom: 12 });
  return { version: 8, sources: { water: file("water"), divisions: file("divisions"), roads: file("roads", 0.2), towns: file("towns") }, layers: all };
}
