/** Stretches of days in UTC+8, as statistics are asked by. */

import { day, midnight, now } from "./time";

const DAY_MS = 86_400_000;

export type Preset = "today" | "week" | "days30" | "thisMonth" | "lastMonth";
export type Period = { from: number; to: number };

const monthStart = (ms: number, offset = 0): number => {
  const [year = 1970, month = 1] = day(ms).split("-").map(Number);
  return Date.UTC(year, month - 1 + offset, 1) - 8 * 3600_000;
};

/** `to` is exclusive: the midnight after the last day. */
export function period(preset: Preset, at: number = now()): Period {
  const end = midnight(at) + DAY_MS;
  switch (preset) {
    case "today":
      return { from: end - DAY_MS, to: end };
    case "week":
      return { from: end - 7 * DAY_MS, to: end };
    case "days30":
      return { from: end - 30 * DAY_MS, to: end };
    case "thisMonth":
      return { from: monthStart(at), to: end };
    case "lastMonth":
      return { from: monthStart(at, -1), to: monthStart(at) };
  }
}

/** `2026-01` */
export const month = (ms: number): string => day(ms).slice(0, 7);
