/** The list of major dangers as the interface gives it, and which step is open from which state. */

import type { Schemas } from "../../api/http";

export type Danger = Schemas["Danger"];
export type Step = Schemas["DangerStep"];
export type ActionName = "assign" | "progress" | "report" | "extend" | "request-close" | "close" | "return" | "announce" | "comment" | "reopen";
export type FieldName = "unit" | "person" | "due_at" | "measures" | "which" | "note";
type Action = { name: ActionName; from: readonly string[]; right: string; fields: FieldName[]; required: FieldName[] };

export const STATUSES = ["open", "assigned", "rectifying", "closing", "closed"] as const;
/** Filters of the list when nothing is chosen: what is not closed. */
export const OPEN = ["open", "assigned", "rectifying", "closing"] as const;

/** The service decides; this only keeps buttons away that would be refused. In the order of the work. */
export const ACTIONS: Action[] = [
  { name: "assign", from: ["open", "assigned", "rectifying"], right: "dangers.write", fields: ["unit", "person", "due_at", "note"], required: ["unit", "due_at"] },
  { name: "progress", from: ["assigned", "rectifying"], right: "dangers.rectify", fields: ["measures", "note"], required: [] },
  { name: "request-close", from: ["assigned", "rectifying"], right: "dangers.rectify", fields: ["measures", "note"], required: [] },
  { name: "close", from: ["closing"], right: "dangers.close", fields: ["note"], required: ["note"] },
  { name: "return", from: ["closing"], right: "dangers.close", fields: ["note"], required: ["note"] },
  { name: "extend", from: ["assigned", "rectifying"], right: "dangers.write", fields: ["due_at", "note"], required: ["due_at", "note"] },
  { name: "report", from: STATUSES, right: "dangers.write", fields: ["which", "note"], required: ["which"] },
  { name: "announce", from: STATUSES, right: "dangers.close", fields: ["note"], required: ["note"] },
  { name: "comment", from: STATUSES, right: "dangers.rectify", fields: ["note"], required: ["note"] },
  { name: "reopen", from: ["closed"], right: "dangers.write", fields: ["note"], required: ["note"] },
];

export const open = (status: string, may: (right: string) => boolean): Action[] =>
  ACTIONS.filter(({ from, right }) => from.includes(status) && may(right));
