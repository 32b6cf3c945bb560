import { expect, test } from "vitest";
import { measured } from "./format";

const measure = (kind: string, peak: number, limit: number | null) => measured({ kind, peak, limit, value: peak, duration_s: 0 });

test("the_worst_stands_before_the_limit_in_its_unit", () => {
  expect(measure("speed_kmh", 108.4, 80)).toBe("108 / 80 km/h");
  expect(measure("speed_kmh", 58.8, null)).toBe("59 km/h");
  expect(measure("distance_m", 708.1, 800)).toBe("708 m / 800 m");
  expect(measure("distance_m", 299.4, 0)).toBe("299 m");
  expect(measure("duration_s", 14401, 14400)).toBe("4 h 00 min / 4 h 00 min");
});

test("a_count_of_one_says_nothing", () => {
  expect([measure("count", 1, null), measure("count", 2, 1), measure("count", 3, null)]).toEqual(["", "×2 / ×1", "×3"]);
});
