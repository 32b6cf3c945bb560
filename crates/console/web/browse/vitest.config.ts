import { defineConfig } from "vitest/config";

/** One browser at a time; a busy machine is no failure. */
export default defineConfig({
  root: import.meta.dirname,
  test: { include: ["*.test.ts"], fileParallelism: false, testTimeout: 300_000, hookTimeout: 120_000 },
});
