/** Dark or light; dark unless chosen, for rooms that are dark. */

import { defineStore } from "pinia";
import { ref, watchEffect } from "vue";

const STORED = "roadwarden.theme";

export const useTheme = defineStore("theme", () => {
  const isDark = ref(localStorage.getItem(STORED) !== "light");
  watchEffect(() => {
    document.documentElement.classList.toggle("dark", isDark.value);
    localStorage.setItem(STORED, isDark.value ? "dark" : "light");
  });
  return { isDark, toggle: () => (isDark.value = !isDark.value) };
});
