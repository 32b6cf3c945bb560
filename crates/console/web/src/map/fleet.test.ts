import { expect, test } from "vitest";
import { Fleet, mercatorX, mercatorY } from "./fleet";
import type { Points } from "./frames";

function points(records: { slot: number; lon?: number; lat?: number; state?: number; gone?: boolean }[]): Points {
  return {
    count: records.length,
    slot: Uint32Array.from(records.map(({ slot }) => slot)),
    lon: Float64Array.from(records.map(({ lon = 91 }) => lon)),
    lat: Float64Array.from(records.map(({ lat = 29.6 }) => lat)),
    time: new Uint32Array(records.length),
    speed: new Float32Array(records.length),
    heading: new Uint8Array(records.length).fill(60),
    state: Uint8Array.from(records.map(({ state = 1 }) => state)),
    gone: Uint8Array.from(records.map(({ gone }) => (gone ? 1 : 0))),
  };
}

test("a_delta_puts_replaces_and_takes_off", () => {
  const fleet = new Fleet();
  fleet.replace(points([{ slot: 2 }, { slot: 5000, lon: 92 }]));
  expect([fleet.count, fleet.length, fleet.has(2), fleet.has(3), fleet.heading(2)]).toEqual([2, 5001, true, false, 90]);
  fleet.put(points([{ slot: 2, lon: 95, state: 19 }, { slot: 5000, gone: true }, { slot: 9_000_00, gone: true }]));
  expect([fleet.count, fleet.has(5000), fleet.lon[2], fleet.state(2)]).toEqual([1, false, 95, 19]);
});

test("a_snapshot_replaces_everything_and_names_stay", () => {
  const fleet = new Fleet();
  fleet.put(points([{ slot: 1 }, { slot: 2 }]));
  fleet.name(new Map([[1, { terminal: "13800000001", plate: "藏A12345", class: null, operator: "OP001" }]]));
  fleet.replace(points([{ slot: 3 }]));
  expect([fleet.count, fleet.has(1), fleet.has(3), fleet.slotOf("13800000001")]).toEqual([1, false, true, 1]);
  fleet.forget();
  expect([fleet.count, fleet.slotOf("13800000001")]).toEqual([0, undefined]);
});

test("what_is_drawn_is_within_half_a_metre", () => {
  const fleet = new Fleet();
  fleet.put(points([{ slot: 0, lon: 79.123456, lat: 33.987654 }]));
  const metresPerUnit = 40_075_016.7 * Math.cos((34 * Math.PI) / 180);
  expect(Math.abs(fleet.x(0) - mercatorX(79.123456)) * metresPerUnit).toBeLessThan(0.5);
  expect(Math.abs(fleet.y(0) - mercatorY(33.987654)) * metresPerUnit).toBeLessThan(0.5);
});

test("those_with_an_open_alert_are_listed_to_be_drawn_last", () => {
  const fleet = new Fleet();
  fleet.replace(points([{ slot: 0 }, { slot: 4, state: 0b100_11 }, { slot: 7, state: 0b000_11 }].map((one) => ({ ...one, state: one.state ?? 1 }))));
  expect([...fleet.marks.subarray(0, fleet.marked)]).toEqual([4]);
  fleet.put(points([{ slot: 4, gone: true }, { slot: 0, state: 0b1_0001 }]));
  expect([...fleet.marks.subarray(0, fleet.marked)]).toEqual([0]);
});
