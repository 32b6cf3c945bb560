/** Lengths and bearings on the earth. */

import type { LonLat } from "./gcj02";

/** Mean radius of the earth, metres. */
const RADIUS_M = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle metres between two places. */
export function metres([lon1, lat1]: LonLat, [lon2, lat2]: LonLat): number {
  const a = Math.sin(radians(lat2 - lat1) / 2) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(radians(lon2 - lon1) / 2) ** 2;
  return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

/** Metres along a line. */
export function lengthOf(line: readonly LonLat[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i++) sum += metres(line[i - 1]!, line[i]!);
  return sum;
}

/** Degrees clockwise from north, 0 to 360, at the first place towards the second. */
export function bearing([lon1, lat1]: LonLat, [lon2, lat2]: LonLat): number {
  const y = Math.sin(radians(lon2 - lon1)) * Math.cos(radians(lat2));
  const x = Math.cos(radians(lat1)) * Math.sin(radians(lat2)) - Math.sin(radians(lat1)) * Math.cos(radians(lat2)) * Math.cos(radians(lon2 - lon1));
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

/** `850 m`, `12.4 km`, `318 km` */
export function distance(inMetres: number): string {
  if (inMetres < 1000) return `${Math.round(inMetres)} m`;
  return inMetres < 100_000 ? `${(inMetres / 1000).toFixed(1)} km` : `${Math.round(inMetres / 1000)} km`;
}
