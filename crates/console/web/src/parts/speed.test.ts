import { expect, test } from "vitest";
import { columns, nearest, top } from "./speed";

const point = (second: number, speed_kmh: number) => ({ time: new Date(second * 1000).toISOString(), speed_kmh });

test("silence_is_a_gap_and_not_a_line", () => {
  const [times, speeds] = columns([point(100, 60), point(110, 62), point(500, 61)]);
  expect(speeds).toEqual([60, 62, null, 61]);
  expect(times).toEqual([100, 110, 110.001, 500]);
});

test("the_nearest_point_is_found_on_either_side", () => {
  const times = [10, 20, 40];
  expect([0, 14_000, 16_000, 29_000, 31_000, 99_000].map((at) => nearest(times, at))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(nearest([], 5)).toBe(-1);
});

test("the_scale_holds_the_fastest_and_the_limit", () => {
  expect([top([108, null], 80), top([20], 80), top([], null)]).toEqual([130, 90, 40]);
});
