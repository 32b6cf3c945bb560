/**
 * The alerts of the list in their order. Nothing moves under the pointer: a row that is seen changes in place, a new one
 * that would push rows waits until somebody asks for it.
 */

import type { Schemas } from "../../api/http";
import { matches, type Filters, type Sort } from "./filters";
import { SEVERITIES } from "../../lib/terms";

export type Alert = Schemas["Alert"];
export type Handling = Schemas["Handling"];

/** What the list keeps of an alert: tens of thousands are held, so no positions and no articles. */
export type Row = Pick<
  Alert,
  "id" | "rule" | "severity" | "state" | "revision" | "started_at" | "raised_at" | "ended_at" | "title" | "vehicle" | "place" | "measure" | "departments" | "handling" | "late"
> & {
  /** It no longer meets the filters; it stays where it is until the list is brought up to date. */
  hasLeft?: boolean;
};

export function rowOf(alert: Alert): Row {
  const { id, rule, severity, state, revision, started_at, raised_at, ended_at, title, vehicle, place, measure, departments, handling, late } = alert;
  return { id, rule, severity, state, revision, started_at, raised_at, ended_at, title, vehicle, place, measure, departments, handling, late };
}

const rank = (row: Row): number => (SEVERITIES as readonly string[]).indexOf(row.severity);
const newest = (a: Row, b: Row): number => Date.parse(b.raised_at) - Date.parse(a.raised_at) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/** The order of the service: newest first, or the worst first and the newest of these. */
export const order: Record<Sort, (a: Row, b: Row) => number> = {
  age: newest,
  severity: (a, b) => rank(a) - rank(b) || newest(a, b),
};

/** What became of a word about an alert. */
export type Taken = "updated" | "inserted" | "held" | "none";

export class Rows {
  rows: Row[] = [];
  /** New ones that wait until they are asked for. */
  held = new Map<string, Row>();
  /** Whether the service has more behind the last row. */
  hasMore = true;
  private places = new Map<string, number>();

  constructor(public filters: Filters) {}

  reset(filters: Filters): void {
    this.filters = filters;
    this.rows = [];
    this.held.clear();
    this.hasMore = true;
    this.places.clear();
  }

  indexOf(id: string | null): number {
    return id === null ? -1 : (this.places.get(id) ?? -1);
  }

  get(id: string | null): Row | undefined {
    return this.rows[this.indexOf(id)];
  }

  /** A page of the service, behind what is there. */
  append(alerts: Alert[], hasMore: boolean): void {
    for (const alert of alerts) {
      const row = rowOf(alert);
      this.held.delete(row.id);
      if (this.places.has(row.id)) this.update(row);
      else {
        this.places.set(row.id, this.rows.length);
        this.rows.push(row);
      }
    }
    this.hasMore = hasMore;
  }

  /**
   * A word about an alert. `movable` is the first index at which an insertion moves nothing that is seen: 0 while the
   * list stands at its top and nobody touches it.
   */
  take(alert: Alert, movable: number): Taken {
    const row = rowOf(alert);
    if (this.places.has(row.id)) return this.update(row);
    if (!matches(this.filters, row)) return this.held.delete(row.id) ? "held" : "none";
    const at = this.placeFor(row);
    if (at === this.rows.length && this.hasMore) return "none";
    if (at < movable) {
      this.held.set(row.id, row);
      return "held";
    }
    this.rows.splice(at, 0, row);
    this.renumber(at);
    return "inserted";
  }

  /** A word about handling alone; an older one than ours is not news. */
  handle(id: string, handling: Handling): boolean {
    const held = this.held.get(id);
    if (held) {
      const row = { ...held, handling };
      if (matches(this.filters, row)) this.held.set(id, row);
      else this.held.delete(id);
      return true;
    }
    const row = this.get(id);
    if (!row || handling.version < row.handling.version) return false;
    this.put({ ...row, handling });
    return true;
  }

  /** How many rows have left the filters since the list was brought up to date. */
  get left(): number {
    return this.rows.reduce((count, row) => count + (row.hasLeft ? 1 : 0), 0);
  }

  /** Brings the list up to date: those that wait come in, those that have left go. */
  settle(): void {
    this.rows = [...this.rows.filter((row) => !row.hasLeft), ...this.held.values()].sort(order[this.filters.sort]);
    this.held.clear();
    this.places.clear();
    this.renumber(0);
  }

  private update(row: Row): Taken {
    const known = this.get(row.id);
    if (!known || row.revision < known.revision) return "none";
    this.put({ ...row, handling: row.handling.version < known.handling.version ? known.handling : row.handling });
    return "updated";
  }

  private put(row: Row): void {
    this.rows[this.indexOf(row.id)] = { ...row, hasLeft: !matches(this.filters, row) };
  }

  /** Where a row belongs by the order; rows that changed in place may stand elsewhere, so the nearest is good enough. */
  private placeFor(row: Row): number {
    const compare = order[this.filters.sort];
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.rows[middle] as Row, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private renumber(from: number): void {
    for (let at = from; at < this.rows.length; at++) this.places.set((this.rows[at] as Row).id, at);
  }
}
