/** Refusals of the service in the reader's language. */

import type { Problem } from "../api/http";
import { i18n, t } from "../words";

/** What the service says of a password (`passwords.rs`), and the words for it. */
const PASSWORD: readonly [RegExp, string, readonly string[]][] = [
  [/has (\d+) characters, expected at least (\d+)/, "short", ["has", "least"]],
  [/lower case, upper case, digits and others, expected at least (\d+)/, "classes", ["least"]],
  [/is the name, expected something else/, "name", []],
  [/is made of what is guessed first/, "common", []],
  [/is one of the last (\d+)/, "past", ["last"]],
  [/old is not the password/, "old", []],
];

/** `null` where nobody has put the refusal into words yet; its own detail then has to do. */
export function told({ code, message }: Pick<Problem, "code" | "message">): string | null {
  for (const [pattern, key, names] of PASSWORD) {
    const found = code === "invalid-body" ? message.match(pattern) : null;
    if (found) return t(`problems.password.${key}`, Object.fromEntries(names.map((name, place) => [name, found[place + 1]])));
  }
  const key = `problems.${code}`;
  return i18n.global.te(key, "zh") ? t(key) : null;
}
