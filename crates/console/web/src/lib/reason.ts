/** Why somebody looks at where a vehicle was: asked once a vehicle where the service wants it, and kept in its audit log. */

import { ElMessageBox } from "element-plus/es/components/message-box/index.mjs";
import { useSession } from "../stores/session";
import { t } from "../words";

/** A reason that was given holds for so long, ms: the same look at the same vehicle. */
const HOLDS_MS = 15 * 60_000;
/** 2 to 200 characters, as the service wants them. */
const FITS = /^.{2,200}$/;

const given = new Map<string, { reason: string; at: number }>();

export const isAsked = (): boolean => useSession().me?.track_reason === true;

/** What was said of this vehicle lately. */
export function reasonGiven(terminal: string, at = Date.now()): string | undefined {
  const one = given.get(terminal);
  return one && at - one.at < HOLDS_MS ? one.reason : undefined;
}

export function giveReason(terminal: string, reason: string, at = Date.now()): void {
  for (const [key, one] of given) if (at - one.at >= HOLDS_MS) given.delete(key);
  given.set(terminal, { reason, at });
}

/** The reason for this vehicle: nothing where none is asked for, what was said lately, or what the person says now; `null` where they say none. */
export async function reasonFor(terminal: string): Promise<string | undefined | null> {
  if (!isAsked()) return undefined;
  const known = reasonGiven(terminal);
  if (known !== undefined) return known;
  const answer = await ElMessageBox.prompt(t("map.reasonText"), t("map.reasonTitle"), {
    inputPlaceholder: t("map.reasonExample"),
    inputValidator: (text: string) => FITS.test((text ?? "").trim()) || t("map.reasonLength"),
  }).catch(() => null);
  if (!answer) return null;
  const reason = (answer as { value: string }).value.trim();
  giveReason(terminal, reason);
  return reason;
}
