import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dropUndo, offerUndo, undo, UNDO_MS, undoLast } from "./undo";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  dropUndo();
  vi.useRealTimers();
});

test("the_last_thing_is_taken_back_once", async () => {
  const run = vi.fn(async () => undefined);
  offerUndo("first", vi.fn());
  offerUndo("second", run);
  expect(undo.value?.label).toBe("second");
  expect(await undoLast()).toBe(true);
  expect(await undoLast()).toBe(false);
  expect(run).toHaveBeenCalledTimes(1);
});

test("after_ten_seconds_nothing_can_be_taken_back", async () => {
  const run = vi.fn(async () => undefined);
  offerUndo("late", run);
  vi.advanceTimersByTime(UNDO_MS - 1);
  expect(undo.value).not.toBeNull();
  vi.advanceTimersByTime(1);
  expect(await undoLast()).toBe(false);
  expect(run).not.toHaveBeenCalled();
});
