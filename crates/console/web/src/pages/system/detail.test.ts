import { expect, test } from "vitest";
import { detail } from "./detail";

test("members_of_an_entry_are_told_without_those_that_say_nothing", () => {
  expect(detail('{"department":null,"divisions":["5401"],"operators":[],"role":"duty","attempts":0}')).toBe("divisions: 5401 · role: duty · attempts: 0");
  expect(detail("127.0.0.1")).toBe("127.0.0.1");
  expect(detail('{"cut":"sho')).toBe('{"cut":"sho');
});
