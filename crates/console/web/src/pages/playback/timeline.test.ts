import { expect, test } from "vitest";
import { csvOf, gapsOf, nextRate, placeAt, stopsOf, totalsOf, type Moment } from "./timeline";

const START = Date.parse("2026-11-26T08:00:00+08:00");
const moment = (seconds: number, lon: number, speed: number, heading = 90): Moment => ({ at: START + seconds * 1000, lon, lat: 30, speed, heading, altitude: 3650 });
/** One minute of driving, five of standing, one of driving, an hour unheard, then a word. */
const course: Moment[] = [
  ...Array.from({ length: 7 }, (_, i) => moment(i * 10, 91 + i * 0.001, 36)),
  ...Array.from({ length: 31 }, (_, i) => moment(70 + i * 10, 91.007, 0)),
  ...Array.from({ length: 7 }, (_, i) => moment(380 + i * 10, 91.008 + i * 0.001, 36)),
  moment(4040, 91.2, 50),
];

test("between_two_words_it_is_on_the_line_and_turns_the_short_way", () => {
  const two = [moment(0, 91, 30, 350), moment(10, 91.01, 50, 10)];
  const half = placeAt(two, START + 5000);
  expect(half?.lon).toBeCloseTo(91.005, 6);
  expect([half?.speed, half?.heading, half?.isHeard]).toEqual([40, 0, true]);
  expect(placeAt(two, START - 1)?.lon).toBe(91);
  expect(placeAt(two, START + 99_000)?.lon).toBe(91.01);
  expect(placeAt([], START)).toBeNull();
});

test("in_a_gap_it_stays_at_its_last_word_and_that_is_said", () => {
  expect(placeAt(course, START + 2_000_000)).toMatchObject({ lon: 91.014, isHeard: false });
  expect(gapsOf(course)).toEqual([{ from: START + 440_000, to: START + 4_040_000 }]);
});

test("standing_for_three_minutes_is_a_stop_and_a_crossing_is_none", () => {
  const stops = stopsOf(course);
  expect(stops).toHaveLength(1);
  expect([(stops[0]!.from - START) / 1000, (stops[0]!.to - START) / 1000]).toEqual([70, 380]);
  expect(stopsOf([moment(0, 91, 0), moment(100, 91, 0), moment(110, 91, 30)])).toEqual([]);
});

test("standing_at_two_places_is_two_stops", () => {
  const there = [moment(0, 91, 0), moment(170, 91, 0), moment(200, 91, 0), moment(210, 91.01, 0), moment(400, 91.01, 0), moment(500, 91.01, 0)];
  expect(stopsOf(there).map(({ from, to }) => [(from - START) / 1000, (to - START) / 1000])).toEqual([[0, 200], [210, 500]]);
});

test("totals_leave_out_what_was_not_heard", () => {
  const totals = totalsOf(course, stopsOf(course));
  expect(totals.metres / 1000).toBeGreaterThan(1.2);
  expect(totals.metres / 1000).toBeLessThan(1.5);
  expect([totals.drivingMs / 1000, totals.stops, totals.top, totals.gaps]).toEqual([140, 1, 50, 1]);
});

test("rates_end_at_1_and_64", () => {
  expect([nextRate(1, -1), nextRate(1, 1), nextRate(32, 1), nextRate(64, 1)]).toEqual([1, 2, 64, 64]);
});

test("csv_begins_with_a_mark_and_holds_each_point", () => {
  const csv = csvOf(course.slice(0, 2), ["time", "lon", "lat", "speed", "heading", "altitude"], (at) => String(at));
  expect(csv.startsWith("\uFEFFtime,lon")).toBe(true);
  expect(csv.split("\r\n")).toHaveLength(4);
  expect(csv).toContain(`${START},91.000000,30.000000,36.0,90,3650`);
});
