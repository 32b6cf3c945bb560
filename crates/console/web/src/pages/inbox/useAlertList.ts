/** The list as it is on screen: pages as one scrolls, live words in between, and what waits to come in. */

import { computed, onBeforeUnmount, ref, shallowRef, triggerRef, watch, type Ref } from "vue";
import { now, rfc3339 } from "../../lib/time";
import { useLive } from "../../stores/live";
import * as api from "./api";
import { toQuery, type Filters } from "./filters";
import { Rows, type Alert, type Handling, type Row } from "./rows";

/** Alerts in the first page, which comes soonest, and in the next ones. */
const FIRST = 100;
const PAGE = 500;
/** After a broken line: changes read to catch up, and how much earlier than the last word to begin, ms. */
const CATCH_UP_MAX = 5000;
const OVERLAP_MS = 30_000;
const TOGETHER_MS = 60;

export type Counted = { count: number; isExact: boolean };

/** `movable` gives the first index at which an insertion moves nothing that is seen. */
export function useAlertList(filters: Ref<Filters>, movable: () => number) {
  const live = useLive();
  const list = shallowRef(new Rows(filters.value));
  const isLoading = ref(false);
  const error = shallowRef<unknown>(null);
  const counted = ref<Counted | null>(null);
  let cursor: string | null = null;
  let asking: AbortController | null = null;
  let syncedAt = now();
  let soon: ReturnType<typeof setTimeout> | undefined;

  const rows = shallowRef<readonly Row[]>([]);
  const held = ref(0);

  /** The list is changed in place; what is shown of it is a copy, of which Vue sees that it is another one. */
  function changed(): void {
    rows.value = list.value.rows.slice();
    held.value = list.value.held.size;
    triggerRef(list);
  }

  async function ask(isFirst: boolean): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    isLoading.value = true;
    error.value = null;
    const { sort } = filters.value;
    const query = { ...toQuery(filters.value), sort, limit: isFirst ? FIRST : PAGE, cursor: isFirst ? null : cursor, count: isFirst ? true : null };
    const askedAt = now();
    try {
      const page = await api.alerts(query, { signal: mine.signal });
      if (isFirst) {
        list.value.reset(filters.value);
        counted.value = page.count === undefined ? null : { count: page.count, isExact: page.count_is_exact ?? true };
        syncedAt = askedAt;
      }
      cursor = page.next ?? null;
      list.value.append(page.items, cursor !== null);
    } catch (problem) {
      if (mine.signal.aborted) return;
      error.value = problem;
      if (isFirst) list.value.reset(filters.value);
    } finally {
      if (asking === mine) {
        asking = null;
        isLoading.value = false;
      }
    }
    changed();
  }

  const reload = () => ask(true);

  async function more(): Promise<void> {
    if (!isLoading.value && cursor !== null && error.value === null) await ask(false);
  }

  /** A bulk action elsewhere brings hundreds of words at once: they are shown together. */
  function changedSoon(): void {
    soon ??= setTimeout(() => {
      soon = undefined;
      changed();
    }, TOGETHER_MS);
  }

  function take(alert: Alert): void {
    syncedAt = now();
    const taken = list.value.take(alert, movable());
    if (taken === "inserted" && counted.value?.isExact) counted.value.count++;
    if (taken !== "none") changedSoon();
  }

  /** What was done here is shown at once. */
  function handle(id: string, handling: Handling): void {
    if (list.value.handle(id, handling)) changed();
  }

  /** What changed while nothing was heard; where that is too much, the list is read anew. */
  async function catchUp(): Promise<void> {
    const since = rfc3339(syncedAt - OVERLAP_MS);
    try {
      let next: string | null = null;
      let read = 0;
      do {
        const page: api.AlertPage = await api.alerts({ updated_since: since, limit: 1000, cursor: next });
        for (const alert of page.items) list.value.take(alert, movable());
        read += page.items.length;
        next = page.next ?? null;
      } while (next && read < CATCH_UP_MAX);
      if (next) return await reload();
      syncedAt = now();
      changed();
    } catch {
      await reload();
    }
  }

  /** Lets in what waits and drops what has left. */
  function settle(): void {
    if (counted.value?.isExact) counted.value = { ...counted.value, count: counted.value.count + list.value.held.size - list.value.left };
    list.value.settle();
    changed();
  }

  const leave = [
    live.on("alert", take),
    live.on("handling", ({ alert_id, handling }: { alert_id: string; handling: Handling }) => {
      if (list.value.handle(alert_id, handling)) changedSoon();
    }),
    live.on("resync", () => void catchUp()),
  ];
  onBeforeUnmount(() => {
    asking?.abort();
    clearTimeout(soon);
    for (const stop of leave) stop();
  });
  watch(() => JSON.stringify(filters.value), reload, { immediate: true });

  return {
    list,
    rows,
    held,
    left: computed(() => list.value.left),
    counted,
    isLoading,
    error,
    reload,
    more,
    handle,
    settle,
  };
}
