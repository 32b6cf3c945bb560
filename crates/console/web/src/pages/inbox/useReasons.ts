/** Why and by whom alerts were deferred: it stands in their timelines, which are read for those that are seen. */

import { shallowRef } from "vue";
import * as api from "./api";
import type { Row } from "./rows";

export type Why = { note: string; by: string };

/** Timelines asked for at a time, and kept. */
const AT_ONCE = 4;
const KEPT_MAX = 2000;

export function useReasons() {
  const reasons = shallowRef<ReadonlyMap<string, Why>>(new Map());
  const asked = new Set<string>();
  const waiting: string[] = [];
  let running = 0;

  async function next(): Promise<void> {
    const key = waiting.shift();
    if (!key || running >= AT_ONCE) return;
    running++;
    const id = key.split(" ")[0] as string;
    try {
      const last = (await api.timeline(id)).findLast(({ action }) => action === "defer");
      if (last) reasons.value = new Map([...reasons.value].slice(-KEPT_MAX)).set(id, { note: last.note ?? "", by: last.by });
    } catch {
      asked.delete(key);
    } finally {
      running--;
      void next();
    }
  }

  /** Asks for those of these rows that are deferred and not known; again where the handling has changed. */
  function want(rows: readonly Row[]): void {
    for (const { id, handling } of rows) {
      const key = `${id} ${handling.version}`;
      if (handling.status !== "deferred" || asked.has(key)) continue;
      asked.add(key);
      waiting.push(key);
    }
    while (running < AT_ONCE && waiting.length > 0) void next();
  }

  return { reasons, want };
}
