import { expect, test } from "vitest";
import type { DivisionBranch, Vehicle } from "./api";
import { inOrder, rowsOf } from "./rows";

const tree: DivisionBranch[] = [
  { division: "540102", name_zh: "城关区", name_en: "Chengguan", total: 3, online: 2, operators: [{ operator: "OP001", name: "一", total: 3, online: 2, worst_open: null }] },
  { division: "540202", name_zh: "桑珠孜区", name_en: "Samzhubze", total: 1, online: 0, operators: [{ operator: "OP001", name: "一", total: 1, online: 0, worst_open: "major" }] },
];
const vehicle = (plate: string, online: boolean, worst_open: string | null) => ({ terminal: plate, plate, online, worst_open }) as Vehicle;

test("only_open_branches_have_rows_and_an_operator_in_two_divisions_opens_once", () => {
  expect(rowsOf(tree, new Set(), new Map()).map(({ kind }) => kind)).toEqual(["division", "division"]);
  const rows = rowsOf(tree, new Set(["540102", "540102/OP001", "540202"]), new Map([["540102/OP001", [vehicle("藏A1", true, null)]]]));
  expect(rows.map(({ key }) => key)).toEqual(["540102", "540102/OP001", "540102/OP001/藏A1", "540202", "540202/OP001"]);
});

test("vehicles_not_yet_known_are_a_row_that_waits", () => {
  expect(rowsOf(tree, new Set(["540102", "540102/OP001"]), new Map()).map(({ kind }) => kind)).toEqual(["division", "operator", "wait", "division"]);
});

test("the_worst_come_first_then_those_online", () => {
  const order = inOrder([vehicle("藏A3", false, null), vehicle("藏A2", true, null), vehicle("藏A1", false, "critical")]);
  expect(order.map(({ plate }) => plate)).toEqual(["藏A1", "藏A2", "藏A3"]);
});
