// The inbox: a list that survives a reload and never moves the row under the pointer.
import { $, h, both, badge } from "./dom.js";
import * as api from "./api.js";
import * as words from "./words.js";
import { age } from "./time.js";

/** Rows kept on the page; older ones are a request away. */
const ROWS_MAX = 600;
const PAGE = 100;

const alerts = new Map();
let [shown, waiting, selected, next, open, turn] = [[], [], null, null, () => {}, 0];
const severities = new Set();

export function start(onOpen) {
  open = onOpen;
  for (const severity of Object.keys(words.severities)) {
    $("severities").append(h("button", {
      class: `chip ${severity}`, "aria-pressed": "false", "data-severity": severity, title: words.severities[severity].join(" "),
      "aria-label": words.severities[severity].join(" "),
      click: () => toggleSeverity(severity),
    }, badge(severity, 14), words.severities[severity][0]));
  }
  $("rule").append(h("option", { value: "" }, "全部规则 Rules"),
    ...Object.entries(words.rules).map(([id, [zh, en]]) => h("option", { value: id }, `${zh} ${en}`)));
  for (const id of ["state", "handling", "rule", "search"]) $(id).addEventListener("change", load);
  $("fresh").addEventListener("click", release);
  $("list").addEventListener("scroll", () => { if ($("list").scrollTop === 0 && !isTouched()) release(); });
  setInterval(() => {
    for (const row of $("list").querySelectorAll(".alert")) row.querySelector(".age").textContent = age(alerts.get(row.dataset.id).raised_at);
  }, 5000);
}

export function toggleSeverity(severity) {
  if (!severities.delete(severity)) severities.add(severity);
  for (const chip of $("severities").children) chip.setAttribute("aria-pressed", String(severities.has(chip.dataset.severity)));
  load();
}

/** Asks anew with the filters as they stand; an answer that was overtaken is thrown away. */
export async function load() {
  const mine = ++turn;
  $("export").href = `/api/v1/exports/violations.csv?${new URLSearchParams(query().filter(([key]) => key !== "limit"))}`;
  try {
    const page = await api.get("/api/v1/alerts", query());
    if (mine !== turn) return;
    alerts.clear();
    shown = page.items.map(keep);
    [waiting, next] = [[], page.next];
    render();
    $("list").scrollTop = 0;
  } catch (problem) {
    if (mine === turn) $("list").replaceChildren(h("div", { class: "empty", role: "alert" }, h("b", {}, "读取失败 Could not load"), problem.message,
      h("button", { class: "more", click: load }, "重试 Try again")));
  }
}

/** A revision from the feed. Returns whether it is one the filters let through and that was not known. */
export function arrive(alert) {
  const known = alerts.get(alert.id);
  if (known) {
    if (known.revision > alert.revision) return false;
    keep({ ...alert, handling: newer(known.handling, alert.handling) });
    redraw(alert.id);
    return false;
  }
  if (!matches(alert)) return false;
  keep(alert);
  waiting.unshift(alert.id);
  if ($("list").scrollTop === 0 && !isTouched()) release(); else bar();
  return true;
}

const newer = (a, b) => (!a ? b : !b || a.version > b.version ? a : b);

export function handled(id, handling) {
  const known = alerts.get(id);
  if (!known) return;
  known.handling = newer(known.handling, handling);
  redraw(id);
}

export const find = (id) => alerts.get(id);
export const current = () => alerts.get(selected);

export function move(by) {
  if (!shown.length) return;
  const at = shown.indexOf(selected);
  const to = at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by));
  mark(shown[to]);
  $("list").querySelector(`[data-id="${shown[to]}"]`)?.scrollIntoView({ block: "nearest" });
}

export function mark(id) {
  selected = id;
  for (const row of $("list").querySelectorAll(".alert")) row.setAttribute("aria-selected", String(row.dataset.id === id));
  if (id) $("list").setAttribute("aria-activedescendant", `row-${id}`); else $("list").removeAttribute("aria-activedescendant");
}

function query() {
  const pairs = [["limit", PAGE]];
  if ($("state").value === "open") pairs.push(["state", "raised"], ["state", "updated"]);
  else if ($("state").value) pairs.push(["state", $("state").value]);
  if ($("handling").value) pairs.push(["handling", $("handling").value]);
  if ($("rule").value) pairs.push(["rule", $("rule").value]);
  for (const severity of severities) pairs.push(["severity", severity]);
  const wanted = $("search").value.trim();
  if (wanted) pairs.push([/^\d{5,20}$/.test(wanted) ? "terminal" : "plate", wanted]);
  return pairs;
}

function matches(alert) {
  const state = $("state").value;
  const wanted = $("search").value.trim();
  return (state === "" || (state === "open") !== (alert.state === "cleared"))
    && (!$("handling").value || $("handling").value === alert.handling?.status)
    && (!$("rule").value || $("rule").value === alert.rule)
    && (!severities.size || severities.has(alert.severity))
    && (!wanted || alert.vehicle.plate === wanted || alert.vehicle.terminal === wanted);
}

function keep(alert) {
  alerts.set(alert.id, alert);
  return alert.id;
}

/** The pointer or the keyboard is in the list: nothing may move. */
const isTouched = () => $("list").matches(":hover") || ($("list").contains(document.activeElement) && selected !== null);

function release() {
  if (!waiting.length) return bar();
  const news = new Set(waiting);
  shown = [...waiting, ...shown];
  for (const id of shown.splice(ROWS_MAX)) alerts.delete(id);
  waiting = [];
  render(news);
  $("list").scrollTop = 0;
}

function bar() {
  $("fresh").hidden = waiting.length === 0;
  $("fresh").textContent = `↑ ${waiting.length} 条新告警 · ${waiting.length} new alert${waiting.length === 1 ? "" : "s"}`;
}

function render(news = new Set()) {
  bar();
  if (!shown.length) {
    $("list").replaceChildren(h("div", { class: "empty" }, h("b", {}, "没有符合条件的告警"), "No alert matches. 新告警会自动出现 New ones appear by themselves."));
    return;
  }
  $("list").replaceChildren(...shown.map((id) => row(alerts.get(id), news.has(id))));
  if (next) $("list").append(h("button", { class: "more", click: more }, "更早 Older"));
}

async function more(event) {
  event.target.disabled = true;
  const mine = turn;
  try {
    const page = await api.get("/api/v1/alerts", [...query(), ["cursor", next]]);
    if (mine !== turn) return;
    next = page.next;
    const added = page.items.filter((alert) => !alerts.has(alert.id)).map(keep);
    shown.push(...added);
    event.target.before(...added.map((id) => row(alerts.get(id), false)));
    if (!next) event.target.remove();
  } finally {
    event.target.disabled = false;
  }
}

function redraw(id) {
  $("list").querySelector(`[data-id="${id}"]`)?.replaceWith(row(alerts.get(id), false));
}

function row(alert, isNew) {
  const severity = words.severities[alert.severity];
  const done = ["handled", "closed"].includes(alert.handling?.status);
  const classes = ["alert", alert.severity, alert.state === "cleared" && "cleared", done && "done", isNew && "arrived"].filter(Boolean).join(" ");
  return h("div", {
    class: classes, role: "option", id: `row-${alert.id}`, "data-id": alert.id, "aria-selected": String(alert.id === selected),
    "aria-label": `${severity.join(" ")}, ${alert.vehicle.plate}, ${alert.title.zh}`,
    click: () => open(alert.id),
  },
  badge(alert.severity),
  h("span", { class: "head" }, alert.vehicle.plate || alert.vehicle.terminal, "  ", h("span", { class: "tone" }, both(severity))),
  h("span", { class: "age" }, age(alert.raised_at)),
  h("span", { class: "what" }, both(words.pair(words.rules, alert.rule)), value(alert)),
  h("span", { class: "where" }, h("span", {}, place(alert)),
    alert.late && h("span", { class: "tag late", title: "盲区补传 Reported late" }, "补传 late"),
    alert.state === "cleared" && h("span", { class: "tag" }, both(words.states.cleared)),
    h("span", { class: `tag ${alert.handling?.status ?? ""}` }, both(words.pair(words.statuses, alert.handling?.status)))));
}

function value(alert) {
  const { kind, peak, limit } = alert.measure;
  if (kind !== "speed_kmh" || limit === null) return null;
  return h("b", { class: "tone" }, `  ${Math.round(peak)}/${Math.round(limit)}`);
}

export function place(alert) {
  const { zone, road, division } = alert.place;
  return [zone && `${zone.name_zh} ${zone.name_en}`, road].filter(Boolean).join(" · ")
    || `${division} · ${alert.position.lon.toFixed(3)}, ${alert.position.lat.toFixed(3)}`;
}
