/**
 * GCJ-02, the system that public maps of mainland China are drawn in. Everything in this project is WGS-84; only what is
 * shown over a GCJ-02 base is shifted, and what is drawn over one is shifted back.
 */

export type LonLat = [lon: number, lat: number];

/** Krasovsky 1940: equatorial radius in metres, eccentricity squared. */
const A = 6_378_245;
const EE = 0.006_693_421_622_965_943;
/** Metres of error at which looking for the inverse ends. */
const CLOSE_ENOUGH_DEG = 1e-7;
const MOST_STEPS = 8;

/** The shift applies inside this box alone. */
const isShifted = (lon: number, lat: number): boolean => lon > 72.004 && lon < 137.8347 && lat > 0.8293 && lat < 55.8271;

const sines = (value: number): number => ((20 * Math.sin(6 * value * Math.PI) + 20 * Math.sin(2 * value * Math.PI)) * 2) / 3;

function shift(lon: number, lat: number): LonLat {
  const [x, y] = [lon - 105, lat - 35];
  const root = Math.sqrt(Math.abs(x));
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + sines(x);
  north += ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3;
  north += ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + sines(x);
  east += ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3;
  east += ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  const radians = (lat / 180) * Math.PI;
  const magic = 1 - EE * Math.sin(radians) ** 2;
  return [(east * 180) / ((A / Math.sqrt(magic)) * Math.cos(radians) * Math.PI), (north * 180) / (((A * (1 - EE)) / (magic * Math.sqrt(magic))) * Math.PI)];
}

/** Where a WGS-84 place stands on a GCJ-02 map, degrees. */
export function toGcj02([lon, lat]: LonLat): LonLat {
  if (!isShifted(lon, lat)) return [lon, lat];
  const [east, north] = shift(lon, lat);
  return [lon + east, lat + north];
}

/** The WGS-84 place that stands there on a GCJ-02 map, degrees; right to less than half a metre. */
export function fromGcj02([lon, lat]: LonLat): LonLat {
  if (!isShifted(lon, lat)) return [lon, lat];
  let guess: LonLat = [lon, lat];
  for (let step = 0; step < MOST_STEPS; step++) {
    const [x, y] = toGcj02(guess);
    const [east, north] = [lon - x, lat - y];
    guess = [guess[0] + east, guess[1] + north];
    if (Math.abs(east) < CLOSE_ENOUGH_DEG && Math.abs(north) < CLOSE_ENOUGH_DEG) break;
  }
  return guess;
}
