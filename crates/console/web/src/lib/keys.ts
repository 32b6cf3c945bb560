/** Keys without modifiers, off while somebody types. */

import { onBeforeUnmount, onMounted } from "vue";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || target.closest(".el-overlay, [role=dialog]:not([data-keys])") !== null);

/** Calls the function of a pressed key (`KeyboardEvent.key`) while the component is there. */
export function useKeys(keys: Keys): void {
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  };
  onMounted(() => addEventListener("keydown", press));
  onBeforeUnmount(() => removeEventListener("keydown", press));
}
