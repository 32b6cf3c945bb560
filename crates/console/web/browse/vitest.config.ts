import { defineConfig } from "vitest/config";

/** One browser at a time; a busy machine is no failure. `npm run measure` asks how long things take instead. */
export default defineConfig({
  root: import.meta.dirname,
  test: { include: [process.env.MEASURE ? "*.measure.ts" : "*.test.ts"], fileParallelism: false, testTimeout: 300_000, hookTimeout: 120_000 },
});
