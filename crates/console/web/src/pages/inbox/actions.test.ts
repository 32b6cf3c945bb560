import { expect, test } from "vitest";
import { setLanguage } from "../../words";
import { ACTIONS, isLegal, spec } from "./actions";
import { STATUSES } from "./filters";
import { phrase } from "./format";
import type { Handling } from "./rows";
import { useSelection } from "./useSelection";

const handling = (status: string, appeal: string | null = null) => ({ status, appeal }) as Handling;
const from = (name: string) => STATUSES.filter((status) => isLegal(spec(name)!, handling(status))).join(" ");

test("an_action_is_offered_where_the_service_allows_it", () => {
  expect(from("acknowledge")).toBe("new");
  expect(from("handle")).toBe("new acknowledged handling deferred");
  expect(from("defer")).toBe("new acknowledged handling");
  expect(from("close")).toBe("handled");
  expect(from("reopen")).toBe("handled closed");
  expect(from("comment")).toBe(STATUSES.join(" "));
});

test("an_appeal_is_made_once_and_decided_only_when_it_waits", () => {
  expect([null, "pending", "rejected"].map((appeal) => isLegal(spec("appeal")!, handling("handled", appeal)))).toEqual([true, false, true]);
  expect([null, "pending", "rejected"].map((appeal) => isLegal(spec("decide-appeal")!, handling("handled", appeal)))).toEqual([false, true, false]);
});

test("each_action_and_each_key_stands_once", () => {
  const keys = ACTIONS.flatMap(({ key }) => key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(ACTIONS.map(({ name }) => name)).size).toBe(13);
});

test("side_by_side_each_language_has_its_own_words_for_identifiers", () => {
  setLanguage("both");
  expect(phrase("alerts.act.done", { action: ["action", "acknowledge"] })).toBe("已确认 Done: Acknowledge");
  setLanguage("zh");
  expect(phrase("alerts.act.done", { action: ["action", "acknowledge"] })).toBe("已确认");
});

test("a_range_is_chosen_from_the_last_one_and_all_of_the_filter_ends_with_a_change", () => {
  const rows = ["a", "b", "c", "d"].map((id) => ({ id })) as never[];
  const selection = useSelection(() => rows, (id) => ["a", "b", "c", "d"].indexOf(id ?? ""));
  selection.toggle("d");
  selection.extend("b");
  expect([...selection.ids.value].sort().join("")).toBe("bcd");
  selection.selectAll(214);
  expect(selection.count.value).toBe(214);
  selection.toggle("c");
  expect([selection.count.value, selection.all.value]).toEqual([2, null]);
});
