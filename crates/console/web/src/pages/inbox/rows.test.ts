import { expect, test } from "vitest";
import { fromAddress, matches, narrowed, toAddress, toQuery } from "./filters";
import { Rows, rowOf, type Alert } from "./rows";

/** An alert raised so many seconds after midnight. */
function alert(id: string, severity: string, second: number, more: { status?: string; version?: number; revision?: number; state?: string } = {}): Alert {
  return {
    id,
    severity,
    rule: "speeding",
    state: more.state ?? "raised",
    revision: more.revision ?? 1,
    raised_at: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000+08:00`,
    vehicle: { plate: "藏A12345", terminal: "13800000001", operator: "OP001" },
    place: { division: "540102", road: null },
    departments: ["police"],
    handling: { status: more.status ?? "new", version: more.version ?? 0, assignee: null },
  } as unknown as Alert;
}

const list = (address = {}) => {
  const rows = new Rows(fromAddress(address));
  rows.append([alert("c", "critical", 3), alert("m", "major", 9), alert("i", "info", 5)], false);
  return rows;
};
const ids = (rows: Rows) => rows.rows.map(({ id }) => id).join("");
const TOUCHED = 99;

test("a_new_alert_takes_its_place_while_nobody_touches_the_list", () => {
  const rows = list();
  expect(rows.take(alert("n", "major", 8), 0)).toBe("inserted");
  expect(ids(rows)).toBe("cmni");
  expect(rows.indexOf("i")).toBe(3);
});

test("a_new_alert_waits_while_the_list_is_touched_and_moves_nothing", () => {
  const rows = list();
  expect(rows.take(alert("n", "critical", 20), TOUCHED)).toBe("held");
  expect([ids(rows), rows.held.size]).toEqual(["cmi", 1]);
  rows.settle();
  expect([ids(rows), rows.held.size]).toEqual(["ncmi", 0]);
});

test("a_new_alert_below_what_is_seen_comes_in_at_once", () => {
  const rows = list();
  expect(rows.take(alert("n", "info", 2), 3)).toBe("inserted");
  expect(ids(rows)).toBe("cmin");
});

test("what_belongs_behind_the_last_row_comes_with_its_page", () => {
  const rows = list();
  rows.hasMore = true;
  expect(rows.take(alert("n", "info", 1), 0)).toBe("none");
  expect(ids(rows)).toBe("cmi");
});

test("a_row_changes_in_place_and_stays_until_the_list_is_brought_up_to_date", () => {
  const rows = list();
  rows.handle("m", alert("m", "major", 9, { status: "closed", version: 1 }).handling);
  expect([ids(rows), rows.get("m")?.hasLeft, rows.left]).toEqual(["cmi", true, 1]);
  rows.settle();
  expect([ids(rows), rows.indexOf("m")]).toEqual(["ci", -1]);
});

test("an_older_word_is_no_news", () => {
  const rows = list();
  rows.handle("m", alert("m", "major", 9, { status: "acknowledged", version: 2 }).handling);
  expect(rows.handle("m", alert("m", "major", 9, { status: "new", version: 1 }).handling)).toBe(false);
  rows.take(alert("m", "major", 9, { revision: 2, version: 0 }), TOUCHED);
  expect([rows.get("m")?.revision, rows.get("m")?.handling.status]).toEqual([2, "acknowledged"]);
  expect(rows.take(alert("m", "major", 9, { revision: 1 }), TOUCHED)).toBe("none");
});

test("one_that_waits_and_is_closed_elsewhere_is_not_shown", () => {
  const rows = list();
  rows.take(alert("n", "critical", 20), TOUCHED);
  rows.handle("n", alert("n", "critical", 20, { status: "closed", version: 1 }).handling);
  expect(rows.held.size).toBe(0);
});

test("a_page_that_overlaps_brings_no_row_twice", () => {
  const rows = list();
  rows.append([alert("i", "info", 5), alert("z", "info", 1)], false);
  expect(ids(rows)).toBe("cmiz");
});

test("the_address_says_what_is_not_as_usual", () => {
  expect(toAddress(fromAddress({}))).toEqual({});
  const address = { severity: ["critical", "major"], condition: "holds", handling: "any", q: "A1", sort: "age" };
  expect(toAddress(fromAddress(address))).toEqual({ ...address });
  expect(narrowed(fromAddress(address))).toBe(4);
  expect(toQuery(fromAddress(address))).toMatchObject({ state: ["raised", "updated"], handling: [] });
});

test("filters_decide_as_the_service_does", () => {
  const row = rowOf(alert("a", "major", 9));
  const meets = (address: Record<string, string | string[]>) => matches(fromAddress(address), row);
  const meeting: Record<string, string | string[]>[] = [{}, { severity: "major" }, { q: "a123" }, { division: "54" }, { department: ["police", "ecology"] }, { from: "2026-01-01T00:00:09+08:00" }];
  expect(meeting.map(meets)).toEqual(Array(6).fill(true));
  const not: Record<string, string>[] = [{ handling: "closed" }, { condition: "cleared" }, { q: "b1" }, { division: "51" }, { assignee: "duty" }, { to: "2026-01-01T00:00:09+08:00" }];
  expect(not.map(meets)).toEqual(Array(6).fill(false));
});
