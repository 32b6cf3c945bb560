/** Taking back what was done last, for ten seconds: instead of "are you sure?". */

import { ref, shallowRef } from "vue";

/** How long something can be taken back, ms. */
export const UNDO_MS = 10_000;

export type Undo = { label: string; run: () => Promise<void>; until: number };

/** What can be taken back now; one thing at most, the last. */
export const undo = shallowRef<Undo | null>(null);
export const isUndoing = ref(false);

let forget: ReturnType<typeof setTimeout> | undefined;

/** Offers to take back what was just done. A new offer takes the place of the one before. */
export function offerUndo(label: string, run: () => Promise<void>): void {
  clearTimeout(forget);
  undo.value = { label, run, until: Date.now() + UNDO_MS };
  forget = setTimeout(dropUndo, UNDO_MS);
}

export function dropUndo(): void {
  clearTimeout(forget);
  undo.value = null;
}

/** Takes it back; false where there is nothing to take back. Errors are the caller's to show. */
export async function undoLast(): Promise<boolean> {
  const last = undo.value;
  if (!last || isUndoing.value) return false;
  dropUndo();
  isUndoing.value = true;
  try {
    await last.run();
  } finally {
    isUndoing.value = false;
  }
  return true;
}
