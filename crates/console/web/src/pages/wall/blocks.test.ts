import { expect, test } from "vitest";
import { blocks } from "./blocks";

test("the_running_hour_of_utc_plus_8_stands_at_the_right", () => {
  const found = blocks([{ key: "7", total: 4 }, { key: "8", total: 1 }], Date.parse("2026-01-01T07:30:00+08:00"));
  expect([found[0]?.hour, found[23]?.hour]).toEqual([8, 7]);
  expect([found[0]?.share, found[23]?.share]).toEqual([0.25, 1]);
});
