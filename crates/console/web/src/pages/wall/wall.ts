/** What the wall shows, and when its map may move by itself. */

import type { Schemas } from "../../api/http";
import { SEVERITIES } from "../../lib/terms";

export type Alert = Schemas["Alert"];

const rank = (severity: string) => SEVERITIES.indexOf(severity as (typeof SEVERITIES)[number]);

/** Worst first, then newest: a row moves only when it is no longer the same alert. */
export const ordered = (alerts: Iterable<Alert>): Alert[] =>
  [...alerts].sort((a, b) => rank(a.severity) - rank(b.severity) || Date.parse(b.raised_at) - Date.parse(a.raised_at) || a.id.localeCompare(b.id));

/** Takes a revision: what is cleared leaves. Whether the set of open alerts is another now. */
export function take(open: Map<string, Alert>, alert: Alert): boolean {
  if (alert.state === "cleared") return open.delete(alert.id);
  const isNew = !open.has(alert.id);
  open.set(alert.id, alert);
  return isNew;
}

/**
 * The view of the map. It fits all alerts when their set changes and nobody has touched it; a gesture locks it; a click on
 * a row goes there and a second one comes back; the star frees it.
 */
export class View {
  isLocked = false;
  visited: string | null = null;

  /** Whether to fit, after the set of alerts changed. */
  changed(): boolean {
    return !this.isLocked && this.visited === null;
  }

  gesture(): void {
    this.isLocked = true;
    this.visited = null;
  }

  /** Whether to go to the alert; otherwise back to all. */
  row(id: string): boolean {
    this.visited = this.visited === id ? null : id;
    this.isLocked = false;
    return this.visited !== null;
  }

  star(): void {
    this.isLocked = false;
    this.visited = null;
  }
}
