import { expect, test } from "vitest";
import { period } from "./period";
import { rfc3339 } from "./time";

/** Half past midnight of the first of January in UTC+8 is still December in UTC. */
const AT = Date.parse("2026-01-01T00:30:00+08:00");
const text = ({ from, to }: { from: number; to: number }) => [rfc3339(from).slice(0, 19), rfc3339(to).slice(0, 19)];

test("days_and_months_are_those_of_utc_plus_8", () => {
  expect(text(period("today", AT))).toEqual(["2026-01-01T00:00:00", "2026-01-02T00:00:00"]);
  expect(text(period("week", AT))).toEqual(["2025-12-26T00:00:00", "2026-01-02T00:00:00"]);
  expect(text(period("thisMonth", AT))).toEqual(["2026-01-01T00:00:00", "2026-01-02T00:00:00"]);
  expect(text(period("lastMonth", AT))).toEqual(["2025-12-01T00:00:00", "2026-01-01T00:00:00"]);
});
