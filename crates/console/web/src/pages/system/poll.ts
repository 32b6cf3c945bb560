/** Asks at once and then again and again, for as long as the part that calls it is shown. */

import { onBeforeUnmount, onMounted } from "vue";

export function poll(load: () => Promise<void>, everyMs: number): void {
  let again: ReturnType<typeof setInterval>;
  onMounted(() => {
    void load();
    again = setInterval(load, everyMs);
  });
  onBeforeUnmount(() => clearInterval(again));
}
