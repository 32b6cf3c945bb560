/** A track as a course in time: where the vehicle was at a moment, where it stood, how far it went. */

import { metres } from "../../map/measure";

/** A position of the interface, with its time in ms. Degrees WGS-84, km/h. */
export type Moment = { at: number; lon: number; lat: number; speed: number; heading: number; altitude: number };
export type Stop = { from: number; to: number; lon: number; lat: number };
export type Gap = { from: number; to: number };
export type Totals = { metres: number; drivingMs: number; stoppedMs: number; stops: number; top: number; topAt: number; gaps: number };

/** Slower than this it stands, km/h: a receiver's noise. */
const STAND_KMH = 3;
/** Standing for so long is a stop, ms. */
export const LEAST_STOP_MS = 3 * 60_000;
/** Farther than this from where it stopped, it has moved on, metres. */
const SAME_PLACE_M = 150;
/** Longer without a word and nobody knows where it was, ms. */
export const GAP_MS = 3 * 60_000;

/** Index of the last moment not after `time`; -1 before the first. */
export function before(moments: readonly Moment[], time: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle]!.at <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where it was: between two words on the line that joins them; `isHeard` false inside a gap, where it is left at the last word. */
export function placeAt(moments: readonly Moment[], time: number): (Moment & { isHeard: boolean }) | null {
  if (moments.length === 0) return null;
  const index = before(moments, time);
  if (index < 0) return { ...moments[0]!, isHeard: true };
  const [one, next] = [moments[index]!, moments[index + 1]];
  if (!next) return { ...one, isHeard: true };
  if (next.at - one.at > GAP_MS) return { ...one, isHeard: time - one.at <= GAP_MS };
  const share = next.at === one.at ? 0 : (time - one.at) / (next.at - one.at);
  const between = (a: number, b: number) => a + (b - a) * share;
  return { at: time, lon: between(one.lon, next.lon), lat: between(one.lat, next.lat), speed: between(one.speed, next.speed), heading: turned(one.heading, next.heading, share), altitude: between(one.altitude, next.altitude), isHeard: true };
}

/** From one heading towards another the short way round, degrees. */
function turned(from: number, to: number, share: number): number {
  const turn = ((to - from + 540) % 360) - 180;
  return (from + turn * share + 360) % 360;
}

export function stopsOf(moments: readonly Moment[]): Stop[] {
  const stops: Stop[] = [];
  let first = -1;
  const end = (last: number) => {
    const [start, stop] = [moments[first], moments[last]];
    if (start && stop && stop.at - start.at >= LEAST_STOP_MS) stops.push({ from: start.at, to: stop.at, lon: start.lon, lat: start.lat });
    first = -1;
  };
  moments.forEach((one, i) => {
    const start = first < 0 ? undefined : moments[first]!;
    const isAway = start !== undefined && metres([start.lon, start.lat], [one.lon, one.lat]) > SAME_PLACE_M;
    if (one.speed >= STAND_KMH || isAway) {
      if (first >= 0) end(isAway ? i - 1 : i);
      if (one.speed < STAND_KMH) first = i;
    } else if (first < 0) first = i;
  });
  if (first >= 0) end(moments.length - 1);
  return stops;
}

export function gapsOf(moments: readonly Moment[]): Gap[] {
  const gaps: Gap[] = [];
  for (let i = 1; i < moments.length; i++) {
    const [from, to] = [moments[i - 1]!.at, moments[i]!.at];
    if (to - from > GAP_MS) gaps.push({ from, to });
  }
  return gaps;
}

/** Sums over what was heard: a gap counts neither as way nor as time at the wheel. */
export function totalsOf(moments: readonly Moment[], stops: readonly Stop[]): Totals {
  const totals: Totals = { metres: 0, drivingMs: 0, stoppedMs: stops.reduce((sum, { from, to }) => sum + to - from, 0), stops: stops.length, top: 0, topAt: 0, gaps: gapsOf(moments).length };
  moments.forEach((one, i) => {
    if (one.speed > totals.top) [totals.top, totals.topAt] = [one.speed, one.at];
    const last = moments[i - 1];
    if (!last || one.at - last.at > GAP_MS || Math.max(one.speed, last.speed) < STAND_KMH) return;
    totals.metres += metres([last.lon, last.lat], [one.lon, one.lat]);
    totals.drivingMs += one.at - last.at;
  });
  return totals;
}

/** Rates of playing, times real time. */
export const RATES = [1, 2, 4, 8, 16, 32, 64] as const;

export function nextRate(rate: number, by: 1 | -1): number {
  const at = RATES.indexOf(rate as (typeof RATES)[number]);
  return RATES[Math.max(0, Math.min(RATES.length - 1, at + by))] ?? 1;
}

/** Moments as CSV: a byte order mark so that spreadsheets read it as UTF-8. */
export function csvOf(moments: readonly Moment[], heads: readonly string[], stampOf: (at: number) => string): string {
  const rows = moments.map(({ at, lon, lat, speed, heading, altitude }) => [stampOf(at), lon.toFixed(6), lat.toFixed(6), speed.toFixed(1), String(Math.round(heading)), String(Math.round(altitude))].join(","));
  return `\uFEFF${[heads.join(","), ...rows].join("\r\n")}\r\n`;
}
