import { expect, test } from "vitest";
import { areas, isPair, type Words } from "./index";

function* pairs(words: Words, path: string): Generator<[string, readonly [string, string]]> {
  for (const [key, value] of Object.entries(words)) {
    if (isPair(value)) yield [`${path}.${key}`, value];
    else yield* pairs(value, `${path}.${key}`);
  }
}

const everything = Object.entries(areas).flatMap(([area, words]) => [...pairs(words, area)]);
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((hole) => hole[1]).sort();

test("every_word_is_there_in_both_languages", () => {
  expect(everything.length).toBeGreaterThan(100);
  for (const [path, pair] of everything) {
    expect(pair.length, path).toBe(2);
    for (const side of pair) expect(side.trim(), path).not.toBe("");
    expect(/\p{Script=Han}/u.test(pair[1]), `${path}: the English side holds Chinese`).toBe(false);
  }
});

test("both_sides_have_the_same_holes", () => {
  for (const [path, [zh, en]] of everything) expect(holes(zh), path).toEqual(holes(en));
});

test("no_word_is_read_as_a_plural_or_a_link", () => {
  for (const [path, pair] of everything) for (const side of pair) expect(/[|@]/.test(side), path).toBe(false);
});
