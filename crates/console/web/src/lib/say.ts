/** Short words to the person at the desk. */

import { ElMessage } from "element-plus/es/components/message/index.mjs";
import { Problem } from "../api/http";
import { t } from "../words";
import { told } from "./problems";

const SHOWN_MS = 4000;

export const say = (message: string): void => void ElMessage({ message, duration: SHOWN_MS, grouping: true });
export const cheer = (message: string): void => void ElMessage({ message, type: "success", duration: SHOWN_MS, grouping: true });

/** What went wrong, with what to do next where it is known. */
export function explain(error: unknown): string {
  if (error instanceof Problem && error.code === "unreachable") return t("shell.unreachable");
  const known = error instanceof Problem ? told(error) : null;
  if (known) return known;
  return t("shell.failed", { detail: error instanceof Error ? error.message : String(error) });
}

export function complain(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (error instanceof Problem && error.status === 401) return;
  ElMessage({ message: explain(error), type: "error", duration: 8000, grouping: true, showClose: true });
}
