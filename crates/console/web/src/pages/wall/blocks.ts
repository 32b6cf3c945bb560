/** The hours of the last day in the order they passed; hours of the clock are those of UTC+8. */

import type { Count } from "../statistics/counts";

export type Block = { hour: number; total: number; share: number };

const HOURS = 24;
const OFFSET_H = 8;

/** The block at the right is the hour that runs. `share` is of the fullest hour, 0 to 1. */
export function blocks(items: Pick<Count, "key" | "total">[], at: number): Block[] {
  const totals = new Map(items.map(({ key, total }) => [Number(key), total]));
  const current = (Math.floor(at / 3600_000) + OFFSET_H) % HOURS;
  const most = Math.max(1, ...totals.values());
  return Array.from({ length: HOURS }, (_, place) => {
    const hour = (current + 1 + place) % HOURS;
    const total = totals.get(hour) ?? 0;
    return { hour, total, share: total / most };
  });
}
