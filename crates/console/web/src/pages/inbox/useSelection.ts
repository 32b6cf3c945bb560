/** Which alerts are chosen for one action on many: by their ids, or all that meet the filters. */

import { computed, ref, shallowRef } from "vue";
import type { Row } from "./rows";

export function useSelection(rows: () => readonly Row[], indexOf: (id: string | null) => number) {
  const ids = shallowRef<ReadonlySet<string>>(new Set());
  /** How many were seen when all of the filter was chosen; null: only `ids`. */
  const all = ref<number | null>(null);
  const count = computed(() => all.value ?? ids.value.size);
  let anchor: string | null = null;

  function change(edit: (ids: Set<string>) => void): void {
    const next = new Set(ids.value);
    edit(next);
    ids.value = next;
    all.value = null;
  }

  function toggle(id: string): void {
    anchor = id;
    change((next) => void (next.delete(id) || next.add(id)));
  }

  /** From the one chosen last up to this one. */
  function extend(id: string): void {
    const [from, to] = [indexOf(anchor), indexOf(id)].sort((a, b) => a - b) as [number, number];
    if (from < 0) return toggle(id);
    change((next) => {
      for (const row of rows().slice(from, to + 1)) next.add(row.id);
    });
  }

  function set(chosen: Iterable<string>): void {
    ids.value = new Set(chosen);
    all.value = null;
    anchor = null;
  }

  function selectAll(seen: number): void {
    all.value = seen;
  }

  return { ids, all, count, toggle, extend, set, selectAll, clear: () => set([]) };
}

export type Selection = ReturnType<typeof useSelection>;
