import { expect, test } from "vitest";
import { ordered, take, View, type Alert } from "./wall";

const alert = (id: string, severity: string, raised_at: string, state = "raised") => ({ id, severity, raised_at, state }) as Alert;

test("the_worst_stands_first_and_the_newer_before_the_older", () => {
  const rows = ordered([alert("a", "minor", "2026-01-01T08:00:00+08:00"), alert("b", "critical", "2026-01-01T07:00:00+08:00"), alert("c", "critical", "2026-01-01T09:00:00+08:00")]);
  expect(rows.map(({ id }) => id)).toEqual(["c", "b", "a"]);
});

test("only_another_set_of_alerts_moves_the_map", () => {
  const open = new Map<string, Alert>();
  expect(take(open, alert("a", "minor", ""))).toBe(true);
  expect(take(open, alert("a", "major", "", "updated"))).toBe(false);
  expect(take(open, alert("a", "major", "", "cleared"))).toBe(true);
  expect(take(open, alert("a", "major", "", "cleared"))).toBe(false);
});

test("a_gesture_locks_the_view_until_the_star_or_a_row", () => {
  const view = new View();
  expect(view.changed()).toBe(true);
  view.gesture();
  expect(view.changed()).toBe(false);
  view.star();
  expect(view.changed()).toBe(true);
  expect([view.row("a"), view.changed(), view.row("a"), view.changed()]).toEqual([true, false, false, true]);
});
