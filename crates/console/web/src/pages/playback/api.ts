/** What a playback asks of the service. */

import { get, type Options, type Page, type Schemas } from "../../api/http";
import { rfc3339 } from "../../lib/time";
import type { Moment } from "./timeline";

export type Alert = Schemas["Alert"];
export type Vehicle = Schemas["Vehicle"];
type Position = Schemas["Position"];

/** Points of one playback: eleven days at one every 5 s. Past it the rest is left out, and that is said. */
export const POINTS_MOST = 200_000;
const PAGE = 1000;
const ALERTS_MOST = 1000;

const momentOf = ({ time, lon, lat, speed_kmh, heading_deg, altitude_m }: Position): Moment => ({ at: Date.parse(time), lon, lat, speed: speed_kmh, heading: heading_deg, altitude: altitude_m });

/** The track between two moments, page by page; `reason` is what for, `told` hears how many points there are so far. */
export async function course(terminal: string, from: number, to: number, reason: string | undefined, told: (count: number) => void, options?: Options): Promise<{ moments: Moment[]; isCut: boolean }> {
  const moments: Moment[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Position> = await get(`/vehicles/${encodeURIComponent(terminal)}/track`, { from: rfc3339(from), to: rfc3339(to), limit: PAGE, cursor, reason }, options);
    for (const position of page.items) moments.push(momentOf(position));
    cursor = page.next ?? null;
    told(moments.length);
  } while (cursor && moments.length < POINTS_MOST);
  return { moments, isCut: cursor !== null };
}

export const vehicle = (terminal: string, options?: Options): Promise<Vehicle> => get(`/vehicles/${encodeURIComponent(terminal)}`, {}, options);
export const alerts = async (terminal: string, from: number, to: number, options?: Options): Promise<Alert[]> =>
  (await get<Page<Alert>>(`/vehicles/${encodeURIComponent(terminal)}/violations`, { from: rfc3339(from), to: rfc3339(to), limit: ALERTS_MOST }, options)).items;
