/** What happened, in one sentence a language. */

import { fullStamp, now, span } from "../../../lib/time";
import { divisionKey, i18n, language } from "../../../words";
import { figure, says, term as name } from "../format";
import type { Alert } from "../rows";

type Tongue = "zh" | "en";

/** Seconds it has held, or held until it ended. */
const held = (alert: Alert): number => (Date.parse(alert.ended_at ?? "") || Math.max(now(), Date.parse(alert.raised_at))) / 1000 - Date.parse(alert.started_at) / 1000;

/** One-off events last no time. */
const isMoment = (alert: Alert): boolean => alert.measure.kind === "count" && alert.measure.duration_s === 0;

export function sentence(alert: Alert, tongue: Tongue): string {
  const t = (key: string, holes: Record<string, unknown> = {}): string => i18n.global.t(key, holes, { locale: tongue });
  const term = (table: string, id: string) => name(tongue, table, id);
  const { vehicle, place, measure } = alert;
  const zone = place.zone && (tongue === "zh" ? place.zone.name_zh : place.zone.name_en || place.zone.name_zh);
  const where = [place.road, zone].filter(Boolean).join(" ") || (place.division && term("division", divisionKey(place.division))) || t("alerts.sheet.unknownPlace");
  const stop = tongue === "zh" ? "。" : ".";
  const who = `${vehicle.plate || vehicle.terminal}${tongue === "zh" ? "（" : " ("}${term("class", vehicle.class)}${tongue === "zh" ? "）" : ")"}`;
  const first = t("alerts.sheet.sentence", { time: fullStamp(alert.started_at), vehicle: who, place: where, rule: term("rule", alert.rule) });
  const figures = says(measure) ? [t("alerts.sheet.worst", { peak: figure(measure.kind, measure.peak) }), measure.limit ? t("alerts.sheet.against", { limit: figure(measure.kind, measure.limit) }) : ""] : [];
  const lasting = isMoment(alert) ? "" : t(alert.state === "cleared" ? "alerts.sheet.lasted" : "alerts.sheet.lastsStill", { span: span(held(alert)) });
  const comma = tongue === "zh" ? "，" : ", ";
  const more = [...figures, lasting].filter(Boolean).join(comma);
  return more ? `${first.replace(/[。.]$/, "")}${comma}${more}${stop}` : first;
}

/** As many as the display shows. */
export const sentences = (alert: Alert): string[] => (language() === "both" ? (["zh", "en"] as const) : [language() as Tongue]).map((tongue) => sentence(alert, tongue));
