/**
 * What the base map is drawn from, and in which system. `/map/settings.json` says: `tiles` null for the map that comes
 * with the console, or addresses of raster tiles. This is the only place that knows the base's system.
 */

import { fromGcj02, toGcj02, type LonLat } from "./gcj02";

export type Tiles = {
  /** Addresses with `{z}`, `{x}`, `{y}`; their hosts must be allowed by the service's `Content-Security-Policy`. */
  urls: string[];
  coordinate_system: "wgs84" | "gcj02";
  /** Whose map it is, with its review number (审图号). */
  attribution: string;
  /** Pixels, 256 unless said. */
  size?: number;
  /** Deepest zoom that has tiles, 18 unless said. */
  max_zoom?: number;
};

let tiles: Tiles | null = null;
let asked: Promise<Tiles | null> | undefined;

/** Reads the settings once; a file that can't be read means the map that comes with the console. */
export function loadTiles(): Promise<Tiles | null> {
  asked ??= fetch("/map/settings.json")
    .then((response) => (response.ok ? (response.json() as Promise<{ tiles: Tiles | null }>) : { tiles: null }))
    .catch(() => ({ tiles: null }))
    .then((settings) => (tiles = settings.tiles));
  return asked;
}

export const baseSystem = (): "wgs84" | "gcj02" => tiles?.coordinate_system ?? "wgs84";

/** Where a WGS-84 place is drawn on the base in use. Everything that goes onto the map passes through here. */
export const shown = (place: LonLat): LonLat => (baseSystem() === "gcj02" ? toGcj02(place) : place);

/** The WGS-84 place that was pointed at. Everything that comes from the map passes through here. */
export const stored = (place: LonLat): LonLat => (baseSystem() === "gcj02" ? fromGcj02(place) : place);
