import { expect, test } from "vitest";
import { day, clock, fromPicker, midnight, rfc3339, span, toPicker } from "./time";

const AT = Date.parse("2026-01-01T00:30:05.250+08:00");

test("times_are_in_utc_plus_8_whatever_the_browser's_zone", () => {
  expect(`${day(AT)} ${clock(AT)}`).toBe("2026-01-01 00:30:05");
  expect(rfc3339(AT)).toBe("2026-01-01T00:30:05.250+08:00");
  expect(rfc3339(midnight(AT))).toBe("2026-01-01T00:00:00.000+08:00");
});

test("a_picker's_fields_are_read_as_utc_plus_8", () => {
  const shown = toPicker(AT);
  expect([shown.getFullYear(), shown.getMonth(), shown.getDate(), shown.getHours(), shown.getMinutes()]).toEqual([2026, 0, 1, 0, 30]);
  expect(fromPicker(shown)).toBe(AT - 250);
});

test("spans_have_two_units", () => {
  expect([span(12.4), span(250), span(3900)]).toEqual(["12 s", "4 min 10 s", "1 h 05 min"]);
});
