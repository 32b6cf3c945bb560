/** What can be done about an alert: from which status, what it asks for, and which key does it. */

import type { Handling } from "./rows";

export type Field = "assignee" | "unit" | "due" | "until" | "result" | "reason" | "verdict" | "note";
export type ActionName =
  | "acknowledge" | "unacknowledge" | "assign" | "comment" | "remind" | "dispatch" | "handle" | "false-alarm" | "defer" | "close" | "reopen" | "appeal" | "decide-appeal";

export type ActionSpec = {
  name: ActionName;
  /** Statuses it is legal from; none: from any. The service decides all the same. */
  from: readonly string[];
  fields: readonly Field[];
  required: readonly Field[];
  key?: string;
  /** Asks once more before it is done. */
  asks?: boolean;
  bulk?: boolean;
};

const OPEN = ["new", "acknowledged", "handling", "deferred"] as const;
const DONE = ["handled", "closed"] as const;

/** In the order of the buttons: what a duty officer does first comes first. */
export const ACTIONS: readonly ActionSpec[] = [
  { name: "acknowledge", from: ["new"], fields: [], required: [], key: "a", bulk: true },
  { name: "assign", from: OPEN, fields: ["assignee", "due", "note"], required: ["assignee"], key: "s", bulk: true },
  { name: "dispatch", from: OPEN, fields: ["unit", "due", "note"], required: [], key: "d", bulk: true },
  { name: "handle", from: OPEN, fields: ["result", "note"], required: ["result"], key: "h", bulk: true },
  { name: "false-alarm", from: OPEN, fields: ["reason", "note"], required: ["reason"], key: "f", asks: true, bulk: true },
  { name: "close", from: ["handled"], fields: ["note"], required: [], key: "e", asks: true, bulk: true },
  { name: "comment", from: [], fields: ["note"], required: ["note"], key: "c", bulk: true },
  { name: "defer", from: ["new", "acknowledged", "handling"], fields: ["until", "note"], required: ["until", "note"], bulk: true },
  { name: "remind", from: OPEN, fields: ["note"], required: [], bulk: true },
  { name: "reopen", from: DONE, fields: ["note"], required: ["note"], bulk: true },
  { name: "appeal", from: DONE, fields: ["note"], required: ["note"] },
  { name: "decide-appeal", from: [], fields: ["verdict", "note"], required: ["verdict", "note"] },
  { name: "unacknowledge", from: ["acknowledged"], fields: ["note"], required: [], bulk: true },
];

export const spec = (name: string): ActionSpec | undefined => ACTIONS.find((action) => action.name === name);

/** Whether it makes sense as the alert stands now. */
export function isLegal({ name, from }: ActionSpec, handling: Handling): boolean {
  if (name === "decide-appeal") return handling.appeal === "pending";
  if (name === "appeal" && handling.appeal === "pending") return false;
  return from.length === 0 || from.includes(handling.status);
}

export const RESULTS = ["warned", "penalised", "dispatched", "trained", "no-action"] as const;
export const REASONS = ["device", "algorithm", "environment", "map", "other"] as const;
export const VERDICTS = ["upheld", "rejected"] as const;
/** Over so many, a bulk action asks once more. */
export const ASK_OVER = 20;
/** Longest note and longest name, characters; the service's bounds. */
export const NOTE_MAX = 2000;
export const NAME_MAX = 100;
