import { expect, test } from "vitest";
import { classOf, isMoving, isOnline, MOST_SLOTS, readFrame, severityOf } from "./frames";

function header(kind: number, count: number, bytes: number, version = 1): DataView {
  const view = new DataView(new ArrayBuffer(16 + bytes));
  view.setUint8(0, kind);
  view.setUint8(1, version);
  view.setUint32(4, count, true);
  view.setBigUint64(8, 1_795_000_000_123n, true);
  return view;
}

function point(view: DataView, at: number, slot: number, lon: number, lat: number, state: number): void {
  view.setUint32(at, slot, true);
  view.setInt32(at + 4, lon, true);
  view.setInt32(at + 8, lat, true);
  view.setUint32(at + 12, 1_795_000_000, true);
  view.setUint16(at + 16, 563, true);
  view.setUint8(at + 18, 120);
  view.setUint8(at + 19, state);
}

test("a_delta_has_points_and_slots_that_are_gone", () => {
  const view = header(2, 2, 40);
  view.setUint16(2, 1, true);
  point(view, 16, 17, 911_234_567, 296_543_210, 0b010_100_11);
  point(view, 36, 18, -0x8000_0000, 0, 0);
  const frame = readFrame(view.buffer as ArrayBuffer);
  if (frame.kind !== "delta") throw new Error(frame.kind);
  expect([frame.time, frame.isCut]).toEqual([1_795_000_000_123, true]);
  const { points } = frame;
  expect([points.slot[0], points.heading[0], points.gone[0], points.gone[1]]).toEqual([17, 120, 0, 1]);
  expect(points.lon[0]).toBeCloseTo(91.1234567, 7);
  expect(points.lat[0]).toBeCloseTo(29.654321, 7);
  expect(points.speed[0]).toBeCloseTo(56.3, 4);
  const state = points.state[0] ?? 0;
  expect([isOnline(state), isMoving(state), severityOf(state), classOf(state)]).toEqual([true, true, 4, "hazmat-truck"]);
  expect(classOf(0b111_000_00)).toBeNull();
});

test("cells_and_names_are_read", () => {
  const view = header(3, 1, 16);
  view.setInt32(16, 911_000_000, true);
  view.setInt32(20, 296_000_000, true);
  view.setUint32(24, 214, true);
  view.setUint16(28, 990, true);
  view.setUint8(30, 3);
  const frame = readFrame(view.buffer as ArrayBuffer);
  expect(frame.kind === "cells" && frame.cells[0]).toMatchObject({ count: 214, online: 0.99, severity: 3 });
  const json = new TextEncoder().encode('{"5":{"terminal":"13800000001","plate":"藏A12345","class":null,"operator":"OP001"}}');
  const told = header(4, 1, json.length);
  new Uint8Array(told.buffer).set(json, 16);
  const named = readFrame(told.buffer as ArrayBuffer);
  expect(named.kind === "names" && named.names.get(5)?.plate).toBe("藏A12345");
});

test("what_is_no_frame_is_refused_by_name", () => {
  expect(() => readFrame(new ArrayBuffer(3))).toThrow("3 bytes");
  expect(() => readFrame(header(1, 2, 20).buffer as ArrayBuffer)).toThrow("56 were expected");
  expect(() => readFrame(header(1, 0, 0, 2).buffer as ArrayBuffer)).toThrow("version 2");
  expect(() => readFrame(header(9, 0, 0).buffer as ArrayBuffer)).toThrow("kind 9");
  const far = header(1, 1, 20);
  point(far, 16, MOST_SLOTS, 0, 0, 0);
  expect(() => readFrame(far.buffer as ArrayBuffer)).toThrow("slot 1048576");
});
