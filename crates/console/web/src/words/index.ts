/**
 * Every word people read: a pair of Chinese and English, in one file an area. Three ways to show them: 中文, English, or
 * both side by side, which is the default of a duty room.
 */

import { createI18n } from "vue-i18n";

export type Pair = readonly [zh: string, en: string];
export type Words = { readonly [key: string]: Pair | Words };
export type Language = "zh" | "en" | "both";

const files = import.meta.glob<{ default: Words }>(["./*.ts", "!./index.ts", "!./*.test.ts"], { eager: true });

/** Areas by the name of their file. */
export const areas: Record<string, Words> = Object.fromEntries(
  Object.entries(files).map(([path, file]) => [path.replace(/^\.\/|\.ts$/g, ""), file.default]),
);

export const isPair = (value: Pair | Words): value is Pair => Array.isArray(value);

type Messages = { [key: string]: string | Messages };

function messages(words: Words, pick: (pair: Pair) => string): Messages {
  return Object.fromEntries(Object.entries(words).map(([key, value]) => [key, isPair(value) ? pick(value) : messages(value, pick)]));
}

const picks: Record<Language, (pair: Pair) => string> = {
  zh: ([zh]) => zh,
  en: ([, en]) => en,
  both: ([zh, en]) => (zh === en ? zh : `${zh} ${en}`),
};

const STORED = "roadwarden.language";
const NARROW = 700;

function initial(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "zh" || stored === "en" || stored === "both") return stored;
  if (innerWidth >= NARROW) return "both";
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: false,
  missingWarn: import.meta.env.DEV,
  messages: Object.fromEntries(Object.entries(picks).map(([language, pick]) => [language, messages(areas, pick)])),
});

export function setLanguage(language: Language): void {
  localStorage.setItem(STORED, language);
  i18n.global.locale.value = language;
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
}

export const language = (): Language => i18n.global.locale.value as Language;
export const t = i18n.global.t;

/** A text that the service gives in both languages. */
export function pick(zh: string | null | undefined, en: string | null | undefined): string {
  const pair: Pair = [zh || en || "", en || zh || ""];
  return picks[language()](pair);
}

/** What a division of GB/T 2260 is filed under: without the pairs of zeros at its end. */
export const divisionKey = (code: string): string => code.replace(/(00)+$/, "");

/** The name of a division of GB/T 2260, or its code. */
export const division = (code: string | null | undefined): string => word("division", code ? divisionKey(code) : code);

/** The word for an identifier of the interface, such as `severity` `critical`; one nobody has named is shown as it is. */
export function word(table: string, id: string | null | undefined): string {
  if (!id) return "—";
  const key = `terms.${table}.${id}`;
  return i18n.global.te(key, "zh") ? t(key) : id;
}
