/** Doing something about alerts: one or many, with who was first where somebody was, and taking it back. */

import { ElMessageBox } from "element-plus/es/components/message-box/index.mjs";
import { computed, ref, shallowRef } from "vue";
import { Problem, type Query } from "../../api/http";
import { cheer, complain, say } from "../../lib/say";
import { offerUndo } from "../../lib/undo";
import { useSession } from "../../stores/session";
import { t, word } from "../../words";
import { ASK_OVER, isLegal, spec, type ActionName, type ActionSpec } from "./actions";
import * as api from "./api";
import { phrase } from "./format";
import type { Handling, Row } from "./rows";

/** On what: these rows, or all that meet the filters, of which so many were seen. */
export type Targets = { rows: readonly Row[]; all: { query: Query; seen: number } | null };
export type Pending = Targets & { action: ActionSpec };
/** Somebody was first. */
export type Conflict = { handling: Handling; last: api.TimelineEntry | null };
export type Outcome = { action: ActionName; done: number; failed: { row: Row | undefined; id: string; why: string }[] };

type Desk = {
  handle: (id: string, handling: Handling) => void;
  row: (id: string) => Row | undefined;
  reload: () => Promise<void>;
  /** After something was done to these. */
  acted: (ids: string[]) => void;
};

export function useActions(desk: Desk) {
  const session = useSession();
  const pending = shallowRef<Pending | null>(null);
  const conflict = shallowRef<Conflict | null>(null);
  const outcome = shallowRef<Outcome | null>(null);
  const isBusy = ref(false);
  const problem = ref("");
  const size = computed(() => pending.value?.all?.seen ?? pending.value?.rows.length ?? 0);

  /** Begins an action: does it, or opens its form. */
  async function start(name: ActionName, targets: Targets): Promise<void> {
    const action = spec(name);
    const [only] = targets.rows;
    if (!action || isBusy.value || (!targets.all && !only)) return;
    if (!session.mayAct(name)) return say(phrase("alerts.act.noRight", { action: ["action", name] }));
    if (!targets.all && targets.rows.length === 1 && only && !isLegal(action, only.handling)) {
      return say(phrase("alerts.act.illegal", { action: ["action", name], status: ["status", only.handling.status] }));
    }
    conflict.value = null;
    problem.value = "";
    pending.value = { ...targets, action };
    if (action.fields.length === 0) await submit({});
  }

  async function confirmed({ action }: Pending): Promise<boolean> {
    const asks = [];
    if (action.name === "close") asks.push(t("alerts.act.askClose"));
    if (action.name === "false-alarm") asks.push(t("alerts.act.askFalse"));
    if (size.value > ASK_OVER) asks.push(phrase("alerts.bulk.ask", { count: size.value, action: ["action", action.name] }));
    if (asks.length === 0) return true;
    const answer = ElMessageBox.confirm(asks.join(" "), word("action", action.name), { confirmButtonText: word("action", action.name), cancelButtonText: t("common.cancel"), type: "warning" });
    return answer.then(
      () => true,
      () => false,
    );
  }

  async function submit(fields: Omit<api.ActionFields, "action">): Promise<void> {
    const asked = pending.value;
    if (!asked || isBusy.value) return;
    if (!(await confirmed(asked))) {
      if (asked.action.fields.length === 0) cancel();
      return;
    }
    isBusy.value = true;
    problem.value = "";
    const whole = { ...fields, action: asked.action.name };
    try {
      if (asked.all || asked.rows.length > 1) await many(asked, whole);
      else await one(asked, asked.rows[0] as Row, whole);
    } catch (error) {
      if (asked.action.fields.length === 0 && !conflict.value) cancel();
      if (pending.value && error instanceof Problem) problem.value = error.status === 0 ? t("shell.unreachable") : error.message;
      else complain(error);
    } finally {
      isBusy.value = false;
    }
  }

  async function one(asked: Pending, row: Row, fields: api.ActionFields): Promise<void> {
    const version = conflict.value?.handling.version ?? desk.row(row.id)?.handling.version ?? row.handling.version;
    try {
      const handling = await api.act(row.id, fields, version);
      desk.handle(row.id, handling);
      finish(asked.action, [{ id: row.id, handling }]);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 409) throw error;
      await lost(row.id);
    }
  }

  /** What others did meanwhile, and how it stands. */
  async function lost(id: string): Promise<void> {
    const [now, entries] = await Promise.all([api.alert(id), api.timeline(id)]);
    desk.handle(id, now.handling);
    conflict.value = { handling: now.handling, last: entries.filter(({ by }) => by !== "").at(-1) ?? null };
  }

  async function many(asked: Pending, fields: api.ActionFields): Promise<void> {
    let items: api.BulkItem[];
    try {
      items = asked.all ? await api.actOnAll(asked.all.query, asked.all.seen, fields) : await api.actOnMany(asked.rows, fields);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "count-changed") throw error;
      cancel();
      await desk.reload();
      return say(t("alerts.bulk.changed"));
    }
    const done = items.flatMap(({ id, ok, handling }) => (ok && handling ? [{ id, handling }] : []));
    for (const { id, handling } of done) desk.handle(id, handling);
    const failed = items.filter(({ ok }) => !ok).map(({ id, problem }) => ({ id, row: desk.row(id), why: problem?.detail ?? "" }));
    finish(asked.action, done);
    if (failed.length > 0) outcome.value = { action: asked.action.name, done: done.length, failed };
  }

  function finish(action: ActionSpec, done: { id: string; handling: Handling }[]): void {
    pending.value = null;
    conflict.value = null;
    desk.acted(done.map(({ id }) => id));
    if (done.length === 0) return;
    const label = phrase("alerts.act.done", { action: ["action", action.name] }) + (done.length > 1 ? ` · ${t("alerts.bulk.done", { count: done.length })}` : "");
    if (action.name !== "acknowledge" || !session.mayAct("unacknowledge")) return cheer(label);
    offerUndo(label, () => takeBack(done));
  }

  async function takeBack(done: { id: string; handling: Handling }[]): Promise<void> {
    let lost = 0;
    if (done.length === 1 && done[0]) {
      const { id, handling } = done[0];
      await api.act(id, { action: "unacknowledge" }, handling.version).then(
        (now) => desk.handle(id, now),
        (error: unknown) => {
          if (!(error instanceof Problem) || error.status !== 409) throw error;
          lost = 1;
        },
      );
    } else {
      const items = await api.actOnMany(done, { action: "unacknowledge" });
      for (const { id, ok, handling } of items) if (ok && handling) desk.handle(id, handling);
      lost = items.filter(({ ok }) => !ok).length;
    }
    desk.acted(done.map(({ id }) => id));
    if (lost > 0) say(t("alerts.act.notUndone", { count: lost }));
    if (lost < done.length) cheer(phrase("alerts.act.undone", { action: ["action", "acknowledge"] }));
  }

  function cancel(): void {
    pending.value = null;
    conflict.value = null;
    problem.value = "";
  }

  return { pending, conflict, outcome, problem, isBusy, size, start, submit, cancel };
}
