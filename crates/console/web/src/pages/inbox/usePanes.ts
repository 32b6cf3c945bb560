/** How wide the sheet is and whether the filters are shown: kept in this browser. */

import { onBeforeUnmount, onMounted, ref } from "vue";

const WIDTH = "roadwarden.inbox.sheet";
const FILTERS = "roadwarden.inbox.filters";
/** Bounds of the sheet, px; below so wide a window, filters are a drawer and the sheet takes the whole screen. */
const LEAST_PX = 380;
const MOST_PX = 1100;
const NARROW_PX = 700;
/** Between, filters are shown only when asked for. */
const MIDDLE_PX = 1500;

const within = (px: number) => Math.round(Math.min(MOST_PX, innerWidth * 0.7, Math.max(LEAST_PX, px)));

export function usePanes() {
  const sheetPx = ref(within(Number(localStorage.getItem(WIDTH)) || (innerWidth > MIDDLE_PX ? 600 : 470)));
  const isNarrow = ref(innerWidth <= NARROW_PX);
  const kept = localStorage.getItem(FILTERS);
  const isFilterShown = ref(!isNarrow.value && (kept === null ? innerWidth > MIDDLE_PX : kept === "1"));

  function widen(by: number): void {
    sheetPx.value = within(sheetPx.value + by);
    localStorage.setItem(WIDTH, String(sheetPx.value));
  }

  function drag(down: PointerEvent): void {
    const grip = down.currentTarget as HTMLElement;
    const [from, was] = [down.clientX, sheetPx.value];
    grip.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent) => (sheetPx.value = within(was + from - event.clientX));
    const up = () => {
      grip.removeEventListener("pointermove", move);
      widen(0);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", up, { once: true });
    grip.addEventListener("pointercancel", up, { once: true });
  }

  function toggleFilter(): void {
    isFilterShown.value = !isFilterShown.value;
    if (!isNarrow.value) localStorage.setItem(FILTERS, isFilterShown.value ? "1" : "0");
  }

  function resize(): void {
    const was = isNarrow.value;
    isNarrow.value = innerWidth <= NARROW_PX;
    if (isNarrow.value && !was) isFilterShown.value = false;
    sheetPx.value = within(sheetPx.value);
  }
  onMounted(() => addEventListener("resize", resize));
  onBeforeUnmount(() => removeEventListener("resize", resize));

  return { sheetPx, isNarrow, isFilterShown, widen, drag, toggleFilter };
}
