import { expect, test } from "vitest";
import { everyHour, rate, sums, type Count } from "./counts";
import { percent } from "../../lib/terms";

const row = (key: string, total: number, handled: number): Count => ({
  key, name_zh: null, name_en: null, total, critical: 0, major: total, minor: 0, info: 0, open: 0, handled, false_alarm: 0, due_handled: handled,
});

test("hours_without_alerts_are_there", () => {
  const hours = everyHour([row("3", 2, 1), row("23", 5, 0)]);
  expect(hours.length).toBe(24);
  expect([hours[3]?.total, hours[4]?.total, hours[23]?.total]).toEqual([2, 0, 5]);
});

test("a_rate_of_nothing_is_none", () => {
  expect(rate(row("a", 0, 0))).toBeNull();
  expect(percent(rate(row("a", 8, 7)))).toBe("87.5 %");
  expect(percent(null)).toBe("—");
});

test("sums_are_over_all_rows", () => {
  expect(sums([row("a", 3, 1), row("b", 4, 4)])).toMatchObject({ total: 7, major: 7, handled: 5 });
});
