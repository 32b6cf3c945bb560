import { expect, test } from "vitest";
import { open } from "./dangers";

const names = (status: string, ...rights: string[]) => open(status, (right) => rights.includes(right)).map(({ name }) => name);

test("whoever_puts_it_right_reports_and_asks_but_does_not_close", () => {
  expect(names("rectifying", "dangers.rectify")).toEqual(["progress", "request-close", "comment"]);
  expect(names("closing", "dangers.rectify")).toEqual(["comment"]);
  expect(names("closing", "dangers.rectify", "dangers.close")).toEqual(["close", "return", "announce", "comment"]);
});

test("what_is_closed_can_only_be_opened_again_or_spoken_of", () => {
  expect(names("closed", "dangers.rectify", "dangers.write", "dangers.close")).toEqual(["report", "announce", "comment", "reopen"]);
});
