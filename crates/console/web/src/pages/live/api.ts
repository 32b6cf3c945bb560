/** What the live map asks of the service. */

import type { FeatureCollection } from "geojson";
import { all, get, post, type Options, type Schemas } from "../../api/http";
import { now, rfc3339 } from "../../lib/time";

export type Vehicle = Schemas["Vehicle"];
export type Alert = Schemas["Alert"];
export type OperatorBranch = { operator: string; name: string; total: number; online: number; worst_open: string | null };
export type DivisionBranch = { division: string; name_zh: string; name_en: string; total: number; online: number; operators: OperatorBranch[] };
export type Found = { terminal: string; plate: string; class: string | null; operator: string };

const TRACK_MOST = 20_000;
const OPERATOR_MOST = 5000;
/** Alerts drawn at once; past that the newest. */
const ALERTS_MOST = 2000;

export const vehicle = (terminal: string, options?: Options): Promise<Vehicle> => get(`/vehicles/${encodeURIComponent(terminal)}`, {}, options);
export const tree = async (options?: Options): Promise<DivisionBranch[]> => (await get<{ divisions: DivisionBranch[] }>("/fleet/tree", {}, options)).divisions;
export const vehiclesOf = (operator: string, division: string, options?: Options): Promise<Vehicle[]> => all("/vehicles", { operator, division }, OPERATOR_MOST, options);
export const openAlerts = (options?: Options): Promise<Alert[]> => all("/alerts", { state: ["raised", "updated"] }, ALERTS_MOST, options);
export const openAlertsOf = (terminal: string, options?: Options): Promise<{ items: Alert[] }> => get(`/vehicles/${encodeURIComponent(terminal)}/violations`, { state: ["raised", "updated"], limit: 50 }, options);
export const track = (terminal: string, hours: number, reason: string | undefined, options?: Options): Promise<Schemas["Position"][]> =>
  all(`/vehicles/${encodeURIComponent(terminal)}/track`, { from: rfc3339(now() - hours * 3_600_000), to: rfc3339(now()), reason }, TRACK_MOST, options);

export async function shapes(options?: Options): Promise<{ zones: FeatureCollection; routes: FeatureCollection }> {
  const [zones, routes] = await Promise.all([get<FeatureCollection>("/map/zones", {}, options), get<FeatureCollection>("/map/routes", {}, options)]);
  return { zones, routes };
}

/** Vehicles whose plate or terminal holds `text`. Asked by POST: a plate in an address ends in the logs of proxies. */
export const find = async (text: string, options?: Options): Promise<Found[]> => (await post<{ vehicles: Found[] }>("/search", { q: text }, options)).vehicles;
