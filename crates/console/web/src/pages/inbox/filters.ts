/** Which alerts are listed: in the address, so that a link, a saved view and the list say the same. */

import type { LocationQuery, LocationQueryRaw } from "vue-router";
import { rfc3339 } from "../../lib/time";
import type { Query } from "../../api/http";
import type { Row } from "./rows";

/** The engine's axis: the condition holds, or it has ended. */
export const HOLDS = ["raised", "updated"] as const;
/** The people's axis. */
export const STATUSES = ["new", "acknowledged", "handling", "handled", "deferred", "closed"] as const;
/** What waits for somebody: the list unless the address says otherwise. */
export const WAITING: readonly string[] = ["new", "acknowledged", "handling"];
/** In the address: whatever the handling. */
const ANY = "any";

export type Sort = "severity" | "age";
export type Filters = {
  severity: string[];
  condition: "" | "holds" | "cleared";
  handling: string[];
  rule: string[];
  division: string;
  operator: string[];
  department: string[];
  assignee: string;
  from: string;
  to: string;
  q: string;
  sort: Sort;
};

/** Keys of the address that are filters; others are the page's own. */
export const KEYS = ["severity", "condition", "handling", "rule", "division", "operator", "department", "assignee", "from", "to", "q", "sort"] as const;

const many = (value: LocationQuery[string] | undefined): string[] => [value ?? []].flat().filter((one): one is string => !!one);
const one = (value: LocationQuery[string] | undefined): string => many(value)[0] ?? "";

export function fromAddress(query: LocationQuery): Filters {
  const handling = many(query.handling);
  const condition = one(query.condition);
  return {
    severity: many(query.severity),
    condition: condition === "holds" || condition === "cleared" ? condition : "",
    handling: handling.length === 0 ? [...WAITING] : handling.includes(ANY) ? [] : handling,
    rule: many(query.rule),
    division: one(query.division),
    operator: many(query.operator),
    department: many(query.department),
    assignee: one(query.assignee),
    from: one(query.from),
    to: one(query.to),
    q: one(query.q),
    sort: one(query.sort) === "age" ? "age" : "severity",
  };
}

const same = (left: readonly string[], right: readonly string[]) => left.length === right.length && left.every((each) => right.includes(each));

/** What of it must be said: what is as usual is left out. */
export function toAddress(filters: Filters): LocationQueryRaw {
  const address: LocationQueryRaw = {};
  for (const key of KEYS) {
    const value = filters[key];
    if (key === "handling") {
      if (filters.handling.length === 0) address.handling = ANY;
      else if (!same(filters.handling, WAITING)) address.handling = filters.handling;
    } else if (key === "sort") {
      if (filters.sort !== "severity") address.sort = filters.sort;
    } else if (value.length > 0) address[key] = value as string | string[];
  }
  return address;
}

/** The same as the interface takes it, without the order. */
export function toQuery(filters: Filters): Query {
  const { condition, sort: _sort, ...rest } = filters;
  return { ...rest, state: condition === "holds" ? [...HOLDS] : condition === "cleared" ? ["cleared"] : [] };
}

/** Whether an alert belongs to the list; what the service decides by the same filters. */
export function matches(filters: Filters, row: Row): boolean {
  const within = (wanted: readonly string[], value: string) => wanted.length === 0 || wanted.includes(value);
  const raised = Date.parse(row.raised_at);
  return (
    within(filters.severity, row.severity) &&
    (filters.condition === "" || (filters.condition === "cleared") === (row.state === "cleared")) &&
    within(filters.handling, row.handling.status) &&
    within(filters.rule, row.rule) &&
    row.place.division.startsWith(filters.division) &&
    within(filters.operator, row.vehicle.operator) &&
    (filters.department.length === 0 || row.departments.some((each) => filters.department.includes(each))) &&
    (filters.assignee === "" || row.handling.assignee === filters.assignee) &&
    (filters.from === "" || raised >= Date.parse(filters.from)) &&
    (filters.to === "" || raised < Date.parse(filters.to)) &&
    (filters.q === "" || [row.vehicle.plate, row.vehicle.terminal].some((text) => text.toUpperCase().includes(filters.q.toUpperCase())))
  );
}

/** How many filters narrow the list, beside the order. */
export const narrowed = (filters: Filters): number => Object.keys(toAddress({ ...filters, sort: "severity" })).length;

/** The last so many hours, from a given moment on and open at the end. */
export const since = (hours: number, at: number): Pick<Filters, "from" | "to"> => ({ from: rfc3339(at - hours * 3600_000), to: "" });
