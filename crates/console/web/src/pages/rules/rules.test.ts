import { expect, test } from "vitest";
import { change, field, shown, size, type Rule } from "./rules";

const SETTING = { changed: false, min: null, max: null, choices: [], title_zh: "持续", title_en: "Hold" };
const RULE: Rule = {
  id: "speeding", title_zh: "超速", title_en: "Speeding", enabled: true, changed: false, basis: [], departments: [], overrides: [],
  settings: [{ ...SETTING, key: "hold", kind: "duration", value: "30s", default: "30s" }, { ...SETTING, key: "cap", kind: "speed", value: 100, default: 100, unit: "km/h" }],
};

test("a_value_that_is_in_force_is_no_change", () => {
  const once = change({}, RULE, "hold", "20s");
  expect(once).toEqual({ speeding: { hold: "20s" } });
  const both = change(once, RULE, "enabled", false);
  expect(size(both)).toBe(2);
  expect(change(change(both, RULE, "hold", "30s"), RULE, "enabled", true)).toEqual({});
});

test("a_setting_is_written_as_its_kind_asks", () => {
  expect(RULE.settings.map(field)).toEqual(["text", "number"]);
  expect(field({ kind: "boolean", default: true })).toBe("switch");
});

test("values_are_read_with_their_unit", () => {
  expect([shown(100, "km/h"), shown(false), shown([], null), shown(null)]).toEqual(["100 km/h", "✕", "—", "—"]);
});
