/** Zones and routes as the interface gives and takes them. */

import type { Geometry, Position } from "geojson";
import type { LonLat } from "../../map/gcj02";

export type Which = "zones" | "routes";
export type Place = {
  id: string;
  kind?: string | null;
  name_zh?: string | null;
  name_en?: string | null;
  division?: string | null;
  classes?: string[] | null;
  hazmat_classes?: string[] | null;
  hazmat_un?: string[] | null;
  hours?: string | null;
  limit_kmh?: number | null;
  width_m?: number | null;
  length_m?: number | null;
  approach_m?: number | null;
  corridor_m?: number | null;
  document?: string | null;
  valid_from?: string | null;
  valid_until?: string | null;
  tunnel_category?: string | null;
  roads?: string[] | null;
  stops?: LonLat[] | null;
  geometry: Geometry;
  closed: boolean;
  in_file: boolean;
  source: "file" | "console";
  version: number;
  updated_at?: string | null;
  updated_by?: string | null;
};
export type Version = { version: number; at: string; by: string; action: string; note: string };

/** Members that are the service's own, not properties of the feature. */
const OWN = new Set(["geometry", "closed", "in_file", "source", "version", "updated_at", "updated_by"]);
export const KINDS = ["bridge", "tunnel", "water-source", "no-parking", "speed-limit", "closed", "hazmat-park", "relay-point", "service-area"];
export const CLASSES = ["scheduled-coach", "charter-coach", "hazmat-truck", "school-bus", "heavy-truck"];

const isEmpty = (value: unknown) => value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

/** The feature of the reference files that a place stands for: what is empty is left out. */
export function feature(place: Place): { type: "Feature"; geometry: Geometry; properties: Record<string, unknown> } {
  const properties = Object.fromEntries(Object.entries(place).filter(([key, value]) => !OWN.has(key) && !isEmpty(value)));
  return { type: "Feature", geometry: place.geometry, properties };
}

export const blank = (which: Which, geometry: Geometry): Place => ({
  id: "",
  ...(which === "zones" ? { kind: geometry.type === "LineString" ? "tunnel" : "no-parking", name_zh: "", name_en: "", division: "", ...(geometry.type === "LineString" ? { width_m: 30 } : {}) } : { corridor_m: 100 }),
  geometry,
  closed: false,
  in_file: false,
  source: "console",
  version: 0,
});

/** Seven digits are a centimetre: more is noise, and the drawing tool refuses more than nine. */
const DIGITS = 1e7;
const round = (number: number) => Math.round(number * DIGITS) / DIGITS;

/** A geometry with each place passed through `move` and rounded. */
export function moved(geometry: Geometry, move: (place: LonLat) => LonLat): Geometry {
  const each = (at: unknown): unknown =>
    Array.isArray(at) && typeof at[0] === "number" ? move([at[0], at[1] as number]).map(round) : (at as Position[]).map(each);
  return geometry.type === "GeometryCollection" ? geometry : ({ ...geometry, coordinates: each(geometry.coordinates) } as Geometry);
}

/** The one polygon of a multi-part area with a single part; what can't be drawn by hand is null. */
export function drawable(geometry: Geometry): Geometry | null {
  if (geometry.type === "Polygon" || geometry.type === "LineString") return geometry;
  if (geometry.type === "MultiPolygon" && geometry.coordinates.length === 1 && geometry.coordinates[0]) return { type: "Polygon", coordinates: geometry.coordinates[0] };
  return null;
}
