/** The clock of a playback: a moment that runs `rate` times real time between two ends. */

import { onBeforeUnmount, ref } from "vue";
import { nextRate } from "./timeline";

/** `←` and `→` go so far, ms. */
export const STEP_MS = 10_000;

export function usePlayer() {
  const from = ref(0);
  const to = ref(0);
  const time = ref(0);
  const rate = ref(8);
  const isPlaying = ref(false);
  let frame = 0;
  let last = 0;

  function run(now: number): void {
    const next = time.value + (now - last) * rate.value;
    last = now;
    if (next >= to.value) {
      time.value = to.value;
      pause();
      return;
    }
    time.value = next;
    frame = requestAnimationFrame(run);
  }

  function play(): void {
    if (isPlaying.value || to.value <= from.value) return;
    if (time.value >= to.value) time.value = from.value;
    isPlaying.value = true;
    last = performance.now();
    frame = requestAnimationFrame(run);
  }

  function pause(): void {
    isPlaying.value = false;
    cancelAnimationFrame(frame);
  }

  const seek = (at: number): void => void (time.value = Math.max(from.value, Math.min(to.value, at)));

  /** Another course: stands at its beginning. */
  function load(start: number, end: number): void {
    pause();
    from.value = start;
    to.value = end;
    time.value = start;
  }

  onBeforeUnmount(pause);
  return {
    from,
    to,
    time,
    rate,
    isPlaying,
    load,
    seek,
    pause,
    toggle: () => (isPlaying.value ? pause() : play()),
    step: (by: 1 | -1) => seek(time.value + by * STEP_MS),
    faster: (by: 1 | -1) => (rate.value = nextRate(rate.value, by)),
  };
}
