/** What a speed profile is drawn from. */

import type { Schemas } from "../api/http";

export type SpeedPoint = Pick<Schemas["Position"], "time" | "speed_kmh">;
/** A time of violation, ms since 1970; `severity` colours it. */
export type Band = { from: number; to: number; severity?: string | null };

/** Longer than this without a word and the line has a gap: the terminal was not heard, ms. */
const GAP_MS = 180_000;

/** Seconds and km/h as two columns, with a hole where nothing was heard. */
export function columns(items: readonly SpeedPoint[]): [number[], (number | null)[]] {
  const [times, speeds]: [number[], (number | null)[]] = [[], []];
  let before = Number.NaN;
  for (const { time, speed_kmh } of items) {
    const at = Date.parse(time);
    if (at - before > GAP_MS) {
      times.push((before + 1) / 1000);
      speeds.push(null);
    }
    times.push(at / 1000);
    speeds.push(speed_kmh);
    before = at;
  }
  return [times, speeds];
}

/** Index of the point nearest to a moment, ms; -1 where there is none. `times` are seconds, rising. */
export function nearest(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length - 1];
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) * 1000 < at) low = middle + 1;
    else high = middle;
  }
  const isEarlierNearer = low > 0 && at - (times[low - 1] as number) * 1000 < (times[low] as number) * 1000 - at;
  return isEarlierNearer ? low - 1 : low;
}

/** Top of the scale, km/h: the fastest and the limit with some air, in tens. */
export const top = (speeds: readonly (number | null)[], limit: number | null): number =>
  Math.max(40, Math.ceil((speeds.reduce<number>((most, speed) => Math.max(most, speed ?? 0), limit ?? 0) * 1.12) / 10) * 10);
