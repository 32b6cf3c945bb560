/** Dossiers as the interface gives them. */

import type { Schemas } from "../../api/http";

export type Kind = "vehicle" | "driver" | "operator";
export type Alert = Schemas["Alert"];

export type RuleCount = { rule: string; total: number; critical: number; major: number; minor: number; info: number; handled: number; false_alarm: number };
export type MonthCount = { month: string; total: number; by_rule: Record<string, number> };

export type Dossier = {
  subject: Record<string, unknown>;
  from: string;
  to: string;
  totals: { alerts: number; open: number; handled: number; false_alarm: number; late: number };
  by_rule: RuleCount[];
  by_month: MonthCount[];
  handling: { due: number; handled: number; rate: number | null; target: number };
  quality: Record<string, unknown> | null;
  worst: Alert[];
};

export type OperatorRow = { operator: string; name: string; division: string; vehicles: number; online: number; open_alerts: number; worst_open: string | null };
export type DriverRow = { certificate: string; name: string; operator: string; operator_name: string | null; role: string; classes: string[]; valid_until: string | null; valid: boolean };
export type VehicleRow = Schemas["Vehicle"];

const PATHS: Record<Kind, string> = { vehicle: "/vehicles", driver: "/drivers", operator: "/operators" };

export const path = (kind: Kind): string => PATHS[kind];
export const dossierPath = (kind: Kind, id: string): string => `${PATHS[kind]}/${encodeURIComponent(id)}/dossier`;

/** The key by which the list of alerts finds a subject's own; the list knows no drivers. */
export const alertFilter = (kind: Kind, id: string): Record<string, string> | null =>
  kind === "vehicle" ? { terminal: id } : kind === "operator" ? { operator: id } : null;
