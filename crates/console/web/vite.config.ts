/// <reference types="vitest/config" />
import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import { defineConfig } from "vite";

/** Where `npm run dev` finds a running service. */
const service = process.env.ROADWARDEN ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [vue(), components({ dirs: [], dts: "types/components.d.ts", resolvers: [ElementPlusResolver()] })],
  build: { target: "es2022", chunkSizeWarningLimit: 1200, reportCompressedSize: false, modulePreload: { polyfill: false } },
  worker: { format: "es" },
  define: { __INTLIFY_JIT_COMPILATION__: true, __VUE_I18N_LEGACY_API__: false, __VUE_OPTIONS_API__: false },
  server: { proxy: { "/api": { target: service, ws: true }, "/map/settings.json": service, "/metrics": service, "/readyz": service } },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], server: { deps: { inline: ["element-plus"] } } },
});
