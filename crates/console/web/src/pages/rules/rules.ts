/** Rules, drafts and trials as the interface gives and takes them. */

export type Value = string | number | boolean | string[] | null;
export type Setting = {
  key: string;
  kind: string;
  value: Value;
  default: Value;
  changed: boolean;
  unit?: string | null;
  min: Value;
  max: Value;
  choices: string[];
  title_zh: string;
  title_en: string;
  law?: string | null;
};
export type Override = { class?: string | null; operator?: string | null; division?: string | null; terminal?: string | null; values: Record<string, unknown> };
export type Rule = {
  id: string;
  title_zh: string;
  title_en: string;
  enabled: boolean | null;
  changed: boolean;
  basis: { document: string; article: string }[];
  departments: string[];
  settings: Setting[];
  overrides: Override[];
};
export type RuleList = { items: Rule[]; version: string };
/** By rule, then by key. */
export type Changes = Record<string, Record<string, Value>>;
export type Change = { id: number; state: string; by: string; at: string; changes: Changes; note: string | null; decided_by: string | null };
export type Trial = {
  id: number;
  state: "running" | "done" | "failed" | "cancelled";
  progress: number;
  frames: number;
  gained: number;
  lost: number;
  changed: number;
  by_rule: { rule: string; before: number; after: number; gained: number; lost: number; changed: number }[];
  samples: { what: "gained" | "lost" | "changed"; alert: { id: string; raised_at: string; rule: string; title: { zh: string; en: string }; vehicle: { plate: string } } }[];
  reason?: string | null;
};

const NUMBERS = ["acceleration", "angle", "count", "displacement", "distance", "share", "speed"];

/** How a setting is written: as a number, a switch, a choice, several, or a text such as `30s` and `22:00-06:00`. */
export type Field = "number" | "switch" | "choice" | "choices" | "texts" | "text";
export function field({ kind, default: standard }: Pick<Setting, "kind" | "default">): Field {
  if (kind === "boolean") return "switch";
  if (kind === "choice" || kind === "choices") return kind;
  if (kind === "texts" || kind === "hours-list") return "texts";
  return NUMBERS.includes(kind) && typeof standard !== "string" ? "number" : "text";
}

/** As people read it. */
export function shown(value: Value | undefined, unit?: string | null): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "✓" : "✕";
  const text = Array.isArray(value) ? value.join(", ") || "—" : String(value);
  return unit ? `${text} ${unit}` : text;
}

const isSame = (a: Value | undefined, b: Value | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** The draft with one value set; one that is in force already is no change. */
export function change(draft: Changes, rule: Rule, key: string, value: Value): Changes {
  const inForce = key === "enabled" ? rule.enabled : rule.settings.find((setting) => setting.key === key)?.value;
  const { [key]: _gone, ...others } = draft[rule.id] ?? {};
  const mine = isSame(inForce, value) ? others : { ...others, [key]: value };
  const { [rule.id]: _old, ...rest } = draft;
  return Object.keys(mine).length === 0 ? rest : { ...rest, [rule.id]: mine };
}

export const size = (draft: Changes): number => Object.values(draft).reduce((total, keys) => total + Object.keys(keys).length, 0);
