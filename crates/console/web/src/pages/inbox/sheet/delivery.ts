/** How far an alert has come to a department, in words. */

import { stamp } from "../../../lib/time";
import { i18n } from "../../../words";
import type { Delivery } from "../api";

/** Sent once is no news; sent again without an answer is. */
export const isMissing = (delivery: Delivery): boolean => delivery.state === "waiting" && delivery.times_sent > 1;

/** Whether it may still change by itself. */
export const isOpen = (delivery: Delivery): boolean => delivery.state === "queued" || delivery.state === "waiting";

export function told(delivery: Delivery): string {
  const { t } = i18n.global;
  const at = (moment: string | null | undefined) => (moment ? stamp(moment) : "—");
  const taken = delivery.published_at ? t("alerts.delivery.taken", { at: at(delivery.published_at), times: delivery.times_sent }) : "";
  const state = {
    queued: () => t("alerts.delivery.queued"),
    delivered: () => t("alerts.delivery.delivered"),
    waiting: () => t(`alerts.delivery.${isMissing(delivery) ? "missing" : "waiting"}`, { since: at(delivery.waiting_since) }),
    received: () => t("alerts.delivery.received", { at: at(delivery.received_at) }),
  }[delivery.state];
  return [taken, state?.() ?? delivery.state].filter(Boolean).join(" · ");
}
