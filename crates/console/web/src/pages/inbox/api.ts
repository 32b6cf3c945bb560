/** What the inbox asks of the service. */

import { get, post, put, remove, search, type Options, type Query, type Schemas } from "../../api/http";
import { isAsked } from "../../lib/reason";
import { language } from "../../words";
import type { Alert, Handling, Row } from "./rows";

export type Position = Schemas["Position"];
export type Attachment = Schemas["Attachment"];
export type Delivery = Schemas["Delivery"];
export type TimelineEntry = Schemas["TimelineEntry"];
export type Command = Schemas["Command"];
export type AlertPage = { items: Alert[]; next?: string | null; count?: number; count_is_exact?: boolean };
export type AlertSummary = { total: number; by_severity: Record<string, number>; by_handling: Record<string, number>; by_rule: Record<string, number> };
export type View = { name: string; query: string; updated_at: string };
export type FleetTree = { divisions: { division: string; name_zh: string; name_en: string; operators: { operator: string; name: string }[] }[] };
/** The fields of an action, as the interface takes them. */
export type ActionFields = { action: string; note?: string; result?: string; reason?: string; assignee?: string; until?: string };
export type BulkItem = Schemas["BulkItem"];

/** Alerts in one bulk action by their ids; the service's bound. */
const BULK_MAX = 1000;
/** Positions of an alert's track; the sheet asks for an hour or two, every 5 s at the densest. */
const TRACK_MAX = 3000;

export const alerts = (query: Query, options?: Options): Promise<AlertPage> => get("/alerts", query, options);
export const alert = (id: string, options?: Options): Promise<Alert> => get(`/alerts/${encodeURIComponent(id)}`, {}, options);
export const summary = (query: Query, options?: Options): Promise<AlertSummary> => get("/alerts/summary", query, options);

export async function deliveries(id: string, options?: Options): Promise<Delivery[]> {
  return (await get<Schemas["DeliveryList"]>(`/alerts/${encodeURIComponent(id)}/deliveries`, {}, options)).items;
}

export async function timeline(id: string, options?: Options): Promise<TimelineEntry[]> {
  return (await get<Schemas["Timeline"]>(`/alerts/${encodeURIComponent(id)}/timeline`, {}, options)).items;
}

export async function attachments(id: string, options?: Options): Promise<Attachment[]> {
  return (await get<Schemas["AttachmentList"]>(`/alerts/${encodeURIComponent(id)}/attachments`, {}, options)).items;
}

export const attachmentUrl = (id: string, name: string): string => `/api/v1/alerts/${encodeURIComponent(id)}/attachments/${encodeURIComponent(name)}`;
export const evidenceUrl = (id: string): string => `/api/v1/alerts/${encodeURIComponent(id)}/evidence.zip`;
/** Headers are in Chinese unless the console is read in English alone. */
export const exportUrl = (kind: "csv" | "xlsx", query: Query): string => `/api/v1/exports/violations.${kind}${search({ ...query, lang: language() === "en" ? "en" : "zh" })}`;

/** Where a vehicle was between two moments, oldest first; the reason is the alert that is looked at. */
export async function track(terminal: string, from: string, to: string, alert: string, options?: Options): Promise<Position[]> {
  const items: Position[] = [];
  let cursor: string | null = null;
  do {
    const page: Schemas["Track"] = await get(`/vehicles/${encodeURIComponent(terminal)}/track`, { from, to, limit: 1000, cursor, reason: isAsked() ? `alert ${alert}` : undefined }, options);
    items.push(...page.items);
    cursor = page.next ?? null;
  } while (cursor && items.length < TRACK_MAX);
  return items;
}

/** A name that nobody else gives: makes a retry after a broken line harmless. `randomUUID` is not there over plain HTTP. */
const requestId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const act = (id: string, fields: ActionFields, expected_version: number): Promise<Handling> =>
  post(`/alerts/${encodeURIComponent(id)}/actions`, { ...fields, expected_version, request_id: requestId() });

export async function actOnMany(rows: readonly Pick<Row, "id">[], fields: ActionFields): Promise<BulkItem[]> {
  const items: BulkItem[] = [];
  for (let at = 0; at < rows.length; at += BULK_MAX) {
    const ids = rows.slice(at, at + BULK_MAX).map(({ id }) => id);
    items.push(...(await post<Schemas["BulkAnswer"]>("/alerts/actions", { ...fields, ids })).items);
  }
  return items;
}

/** Everything that meets the filters; refused where more does by now than was seen. */
export async function actOnAll(filter: Query, count_seen: number, fields: ActionFields): Promise<BulkItem[]> {
  const kept = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0)));
  return (await post<Schemas["BulkAnswer"]>("/alerts/actions", { ...fields, filter: kept, count_seen })).items;
}

export async function commands(terminal: string, options?: Options): Promise<Command[]> {
  return (await get<Schemas["CommandPage"]>(`/vehicles/${encodeURIComponent(terminal)}/commands`, { limit: 20 }, options)).items;
}

export const send = (terminal: string, command: Record<string, unknown>): Promise<Command> =>
  post(`/vehicles/${encodeURIComponent(terminal)}/commands`, { command }, { headers: { "Idempotency-Key": requestId() } });
export const cancel = (id: string): Promise<Command> => remove(`/commands/${encodeURIComponent(id)}`);

export const views = async (): Promise<View[]> => (await get<{ items: View[] }>("/views")).items;
export const saveView = (name: string, query: string): Promise<unknown> => put(`/views/${encodeURIComponent(name)}`, { query });
export const removeView = (name: string): Promise<void> => remove(`/views/${encodeURIComponent(name)}`);
export const fleetTree = (): Promise<FleetTree> => get("/fleet/tree");
