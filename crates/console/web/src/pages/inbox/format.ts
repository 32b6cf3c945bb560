/** Figures of an alert as people read them. */

import type { Schemas } from "../../api/http";
import { span } from "../../lib/time";
import { division as divisionName, i18n, language, pick } from "../../words";
import type { Row } from "./rows";

type Measure = Schemas["Measure"];

const rounded = (value: number): string => String(Math.round(value));

/** One figure of a measure, with its unit: `108 km/h`, `1.2 km`, `240 min`. */
export function figure(kind: string, value: number): string {
  switch (kind) {
    case "speed_kmh":
      return `${rounded(value)} km/h`;
    case "distance_m":
      return value < 10_000 ? `${rounded(value)} m` : `${(value / 1000).toFixed(1)} km`;
    case "duration_s":
      return span(value);
    case "count":
      return `×${rounded(value)}`;
    default:
      return rounded(value);
  }
}

/** A count of one with no limit says nothing. */
export const says = ({ kind, peak, limit }: Measure): boolean => !(kind === "count" && limit == null && peak <= 1);

/** The worst and the limit: `108 / 80 km/h`; empty where it says nothing. */
export function measured(measure: Measure): string {
  const { kind, peak, limit } = measure;
  if (!says(measure)) return "";
  if (limit == null || (kind === "distance_m" && limit === 0)) return figure(kind, peak);
  if (kind === "speed_kmh") return `${rounded(peak)} / ${figure(kind, limit)}`;
  return `${figure(kind, peak)} / ${figure(kind, limit)}`;
}

type Tongue = "zh" | "en";

/** The name of an identifier in one language. */
export const term = (tongue: Tongue, table: string, id: string): string =>
  i18n.global.te(`terms.${table}.${id}`, tongue) ? i18n.global.t(`terms.${table}.${id}`, {}, { locale: tongue }) : id;

/**
 * A sentence whose holes are identifiers, `[table, id]`: side by side, each language gets the identifiers in its own words.
 */
export function phrase(key: string, holes: Record<string, string | number | readonly [table: string, id: string]>): string {
  const shown = language();
  const said = (tongue: Tongue) =>
    i18n.global.t(key, Object.fromEntries(Object.entries(holes).map(([name, hole]) => [name, Array.isArray(hole) ? term(tongue, hole[0], hole[1]) : hole])), { locale: tongue });
  return shown === "both" ? `${said("zh")} ${said("en")}` : said(shown);
}

/** Where it was, best known first: the zone, the road, the division. */
export function place(row: Pick<Row, "place">): string {
  const { zone, road, division } = row.place;
  return [zone ? pick(zone.name_zh, zone.name_en) : road, zone || road ? "" : division && divisionName(division)].filter(Boolean).join(" · ");
}
