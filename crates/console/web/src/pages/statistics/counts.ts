/** Counts of alerts as the interface gives them, and what is drawn of them. */

import { SEVERITIES, type Severity } from "../../lib/terms";
import type { ChartOption } from "../../parts/ChartBox.vue";
import { division, pick, word } from "../../words";

export type Group = "rule" | "severity" | "hour" | "day" | "operator" | "division" | "class";
export type Count = Record<Severity, number> & {
  key: string;
  name_zh: string | null;
  name_en: string | null;
  total: number;
  open: number;
  handled: number;
  false_alarm: number;
  due_handled: number;
};
export type Counts = { from: string; to: string; by: Group; items: Count[] };

/** From this share of handled alerts on an operator does its duty. */
export const RATE_WANTED = 0.9;

export function sums(items: Count[]): Omit<Count, "key" | "name_zh" | "name_en"> {
  const sum = (key: keyof Omit<Count, "key" | "name_zh" | "name_en">) => items.reduce((total, item) => total + item[key], 0);
  return {
    total: sum("total"), critical: sum("critical"), major: sum("major"), minor: sum("minor"), info: sum("info"),
    open: sum("open"), handled: sum("handled"), false_alarm: sum("false_alarm"), due_handled: sum("due_handled"),
  };
}

/** Handled of those that had to be; `null` where there was nothing to handle. */
export const rate = ({ total, handled }: Pick<Count, "total" | "handled">): number | null => (total === 0 ? null : handled / total);

/** How a row of a group is called. */
export function name(by: Group, { key, name_zh, name_en }: Pick<Count, "key" | "name_zh" | "name_en">): string {
  if (by === "rule" || by === "class" || by === "severity") return word(by, key);
  if (by === "hour") return `${key.padStart(2, "0")}:00`;
  if (by === "division") return division(key);
  return pick(name_zh, name_en) || key;
}

/** Every hour of a day, those without an alert too. */
export function everyHour(items: Count[]): Count[] {
  const found = new Map(items.map((item) => [Number(item.key), item]));
  const none = { name_zh: null, name_en: null, total: 0, critical: 0, major: 0, minor: 0, info: 0, open: 0, handled: 0, false_alarm: 0, due_handled: 0 };
  return Array.from({ length: 24 }, (_, hour) => found.get(hour) ?? { key: String(hour), ...none });
}

/** Bars stacked by severity: upright for times, lying for names. */
export function bars(by: Group, items: Count[], colors: Record<Severity, string>): ChartOption {
  const isUpright = by === "hour" || by === "day";
  const names = { type: "category" as const, data: items.map((item) => name(by, item)), inverse: !isUpright, axisTick: { show: false }, axisLabel: isUpright ? {} : { width: 190, overflow: "truncate" as const } };
  const numbers = { type: "value" as const, minInterval: 1, splitLine: { lineStyle: { opacity: 0.25 } } };
  return {
    grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0 },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: isUpright ? names : numbers,
    yAxis: isUpright ? numbers : names,
    series: SEVERITIES.map((severity) => ({
      type: "bar" as const, name: word("severity", severity), stack: "all", barMaxWidth: 26, itemStyle: { color: colors[severity] }, data: items.map((item) => item[severity]),
    })),
  } as ChartOption;
}
