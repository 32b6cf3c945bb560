// The right side: one alert, or one vehicle.
import { $, h, both, badge, say } from "./dom.js";
import * as api from "./api.js";
import * as words from "./words.js";
import * as map from "./map.js";
import * as inbox from "./inbox.js";
import { speedProfile } from "./chart.js";
import { rfc3339, now, span, stamp } from "./time.js";
import { ask } from "./ask.js";

const BEFORE_MS = 10 * 60_000;
const AFTER_MS = 3 * 60_000;
const VEHICLE_HOURS = 4;

let shown = null;
let turn = 0;
let reveal = () => {};

export function start(onShow) {
  reveal = onShow;
}

export const shownAlert = () => (shown?.kind === "alert" ? shown.alert : null);

export async function openAlert(id) {
  const mine = ++turn;
  inbox.mark(id);
  const alert = inbox.find(id) ?? await attempt(() => api.get(`/api/v1/alerts/${id}`));
  if (!alert || mine !== turn) return;
  shown = { kind: "alert", id, alert, timeline: null, track: null };
  map.select(alert.vehicle.terminal);
  map.setTrack(alert.evidence.positions, during(alert));
  map.centre(alert.position.lon, alert.position.lat, 10);
  render();
  reveal("sheet");
  await Promise.all([loadTimeline(mine), loadTrack(mine)]);
}

export async function openVehicle(terminal) {
  const mine = ++turn;
  inbox.mark(null);
  const until = now();
  const vehicle = await attempt(() => api.get(`/api/v1/vehicles/${terminal}`));
  if (!vehicle || mine !== turn) return;
  shown = { kind: "vehicle", vehicle, track: null, violations: null };
  map.select(terminal);
  map.setTrack([]);
  render();
  reveal("sheet");
  const [track, violations] = await Promise.all([
    attempt(() => api.all(`/api/v1/vehicles/${terminal}/track`, [["from", rfc3339(until - VEHICLE_HOURS * 3600_000)], ["to", rfc3339(until + 60_000)]])),
    attempt(() => api.get(`/api/v1/vehicles/${terminal}/violations`, [["limit", 50]])),
  ]);
  if (mine !== turn) return;
  Object.assign(shown, { track: track ?? [], violations: violations?.items ?? [] });
  map.setTrack(shown.track);
  if (shown.track.length > 1) map.showTrack();
  else if (vehicle.position) map.centre(vehicle.position.lon, vehicle.position.lat, 11);
  render();
}

export function close() {
  turn += 1;
  shown = null;
  map.select(null);
  map.setTrack([]);
  inbox.mark(null);
  $("sheet").hidden = true;
  reveal("inbox");
  $("desk").classList.remove("open");
}

/** A change from the feed that may concern what is shown. */
export function changed(id) {
  if (shown?.kind !== "alert" || shown.id !== id) return;
  shown.alert = inbox.find(id) ?? shown.alert;
  render();
  loadTimeline(turn);
}

export function handled(id, handling) {
  if (shown?.kind !== "alert" || shown.id !== id || shown.alert.handling.version > handling.version) return;
  shown.alert = { ...shown.alert, handling };
  render();
  loadTimeline(turn);
}

export function centre() {
  const alert = shownAlert();
  if (alert) map.centre(alert.position.lon, alert.position.lat, 13);
}

/** Does an action on the shown alert, or on the one that is marked in the list. */
export async function act(action) {
  const alert = shownAlert() ?? inbox.current();
  if (!alert) return;
  const given = action === "acknowledge" ? {} : await ask(action, alert);
  if (!given) return;
  try {
    const handling = await api.post(`/api/v1/alerts/${alert.id}/actions`, { action, ...given, expected_version: alert.handling?.version ?? 0 });
    adopt(alert.id, handling);
    say(`${words.actions[action].join(" ")} ✓  ${alert.vehicle.plate}`);
  } catch (problem) {
    if (problem.body?.handling) adopt(alert.id, problem.body.handling);
    const status = words.pair(words.statuses, problem.body?.handling?.status);
    say(problem.body?.handling
      ? `同事刚刚处理过,已为您刷新:${status[0]}。 A colleague was first; you now see the newest state: ${status[1]}.`
      : `${words.actions[action][0]}失败 Failed: ${problem.message}`);
  }
}

function adopt(id, handling) {
  inbox.handled(id, handling);
  handled(id, handling);
}

async function loadTimeline(mine) {
  const timeline = await attempt(() => api.get(`/api/v1/alerts/${shown.id}/timeline`));
  if (mine !== turn || shown?.kind !== "alert") return;
  shown.timeline = timeline?.items ?? [];
  render();
}

async function loadTrack(mine) {
  const { alert } = shown;
  const from = Date.parse(alert.started_at) - BEFORE_MS;
  const to = Date.parse(alert.ended_at ?? alert.position.time) + AFTER_MS;
  const track = await attempt(() => api.get(`/api/v1/vehicles/${alert.vehicle.terminal}/track`, [["from", rfc3339(from)], ["to", rfc3339(to)]]));
  if (mine !== turn || shown?.kind !== "alert") return;
  shown.track = track?.items?.length > 1 ? track.items : alert.evidence.positions;
  map.setTrack(shown.track, during(alert));
  map.showTrack();
  render();
}

const during = (alert) => ({ from: Date.parse(alert.started_at), until: Date.parse(alert.ended_at ?? alert.position.time), severity: alert.severity, mark: alert.position });

async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    say(problem.message);
    return null;
  }
}

function render() {
  const sheet = $("sheet");
  const top = sheet.scrollTop;
  sheet.hidden = false;
  $("desk").classList.add("open");
  sheet.className = `sheet ${shown.kind === "alert" ? shown.alert.severity : ""}`;
  sheet.replaceChildren(...(shown.kind === "alert" ? alertSheet(shown) : vehicleSheet(shown)).flat(2).filter(Boolean));
  sheet.scrollTop = top;
}

const closing = () => h("button", { class: "tool", "aria-label": "关闭 Close (Esc)", title: "Esc", click: close }, "✕");

function alertSheet({ alert, timeline, track }) {
  const { measure } = alert;
  const limit = measure.kind === "speed_kmh" ? measure.limit : null;
  return [
    h("header", {}, badge(alert.severity, 18), h("b", {}, words.severities[alert.severity].join(" ")),
      h("span", { class: "tag" }, words.pair(words.states, alert.state).join(" ")), h("span", { class: "grow" }), closing()),
    h("h2", {}, alert.title.zh), h("p", { class: "english", lang: "en" }, alert.title.en),
    h("p", {}, sentence(alert)),
    buttons(alert), figure(alert),
    h("h3", {}, "速度曲线 Speed profile"),
    track ? speedProfile(track, { limit, from: during(alert).from, until: during(alert).until }) : h("p", { class: "quiet" }, "读取中 Loading…"),
    h("h3", {}, "车辆与地点 Vehicle and place"), facts(alert),
    h("h3", {}, "证据 Evidence"), evidence(alert),
    h("h3", {}, "依据 Legal basis"), ...alert.basis.map((basis) => h("p", { class: "law" }, basis.document, h("br"), h("span", { class: "quiet" }, basis.article))),
    h("h3", {}, "经过 Timeline"), timeline ? history(alert, timeline) : h("p", { class: "quiet" }, "读取中 Loading…"),
  ];
}

/** What the alert rests on, and all of it in one file. */
function evidence(alert) {
  const { limit, driver_source, confidence, rules_version, map_version, positions } = alert.evidence;
  const night = limit && limit.factor !== 1 ? ` · 夜间 by night ${limit.day_kmh} × ${limit.factor}` : "";
  return h("dl", {}, ...pairs([
    limit && ["限速来源 Limit", `${limit.kmh} km/h · ${words.pair(words.limits, limit.source).join(" ")}${night}${limit.road_known ? "" : " · 路段限速未知 limit of the road unknown"}`],
    confidence !== null && confidence !== undefined && ["可信度 Confidence", `${Math.round(confidence * 100)} %(推定 inferred)`],
    driver_source && ["驾驶员识别 Driver known", words.pair(words.sources, driver_source).join(" ")],
    ["轨迹点 Positions", `${positions.length}`],
    (rules_version || map_version) && ["规则/地图版本 Versions", `${rules_version || "—"} / ${map_version || "—"}`],
    ["证据包 Archive", h("a", { class: "linkish", href: `/api/v1/alerts/${alert.id}/evidence.zip`, download: "" }, "下载 ZIP(含校验和) Download with checksums")],
  ]));
}

/** What happened, in one sentence a side. */
function sentence(alert) {
  const seconds = alert.measure.duration_s;
  const state = alert.ended_at ? ["已结束", "it has ended"] : ["仍在持续", "it still holds"];
  return [`${stamp(alert.started_at)} 起,${alert.vehicle.plate || alert.vehicle.terminal}(${words.pair(words.classes, alert.vehicle.class)[0]})在 ${inbox.place(alert)} ${words.pair(words.rules, alert.rule)[0]},历时 ${span(seconds)},${state[0]}。 `,
    h("span", { class: "en", lang: "en" }, `${words.pair(words.rules, alert.rule)[1]} since ${stamp(alert.started_at)}, for ${span(seconds)}; ${state[1]}.`)];
}

function buttons(alert) {
  const status = alert.handling?.status ?? "new";
  const button = (action, key, isFirst = false) => h("button", { class: `act${isFirst ? " first" : ""}`, click: () => act(action) }, both(words.actions[action]), " ", h("kbd", {}, key));
  const isOpen = status !== "closed";
  return h("div", { class: "actions", role: "group", "aria-label": "处置 Handling" },
    status === "new" && button("acknowledge", "a", true),
    isOpen && status !== "handled" && button("handle", "h", status !== "new"),
    isOpen && status !== "handled" && button("false-alarm", "f"),
    status === "handled" && button("close", "e", true),
    !isOpen && button("reopen", "o"),
    button("comment", "c"));
}

const UNITS = { speed_kmh: "km/h", distance_m: "m", duration_s: "s", count: "×", level: "" };

function figure({ measure }) {
  const format = (value) => (measure.kind === "duration_s" ? span(value) : `${Math.round(value * 10) / 10} ${UNITS[measure.kind] ?? ""}`);
  return h("div", { class: "big" },
    h("span", { class: "value" }, format(measure.peak), " ", h("small", {}, "最高 peak")),
    measure.limit !== null && h("span", {}, "限值 limit ", h("b", {}, format(measure.limit))),
    h("span", { class: "quiet" }, `${span(measure.duration_s)}`));
}

function facts(alert) {
  const { vehicle, driver, handling } = alert;
  return h("dl", {}, ...pairs([
    ["车牌 Plate", h("button", { class: "linkish", click: () => openVehicle(vehicle.terminal) }, `${vehicle.plate || vehicle.terminal} · ${words.pair(words.colors, vehicle.plate_color)[0]}`)],
    ["类型 Class", both(words.pair(words.classes, vehicle.class))],
    ["企业 Operator", vehicle.operator || "—"],
    vehicle.hazmat_un && ["货物 Cargo", `第 ${vehicle.hazmat_class} 类 · UN ${vehicle.hazmat_un}`],
    ["驾驶员 Driver", driver ? `${driver.name || "—"} · ${driver.certificate}` : "未知 unknown"],
    ["地点 Place", h("button", { class: "linkish", title: "m", click: centre }, inbox.place(alert))],
    ["起止 Time", `${stamp(alert.started_at)} – ${alert.ended_at ? stamp(alert.ended_at) : "…"}`],
    ["送达 Sent to", alert.departments.map((name) => words.pair(words.departments, name).join(" ")).join(", ")],
    ["处置 Handling", `${words.pair(words.statuses, handling?.status).join(" ")}${handling?.result ? ` · ${words.pair(words.results, handling.result)[0]}` : ""}`],
    alert.late && ["补传 Late", "盲区补传,未按实时派发 Arrived too late to be live"],
  ]));
}

const pairs = (rows) => rows.filter(Boolean).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);

function history(alert, timeline) {
  if (!timeline.length) return h("p", { class: "quiet" }, "还没有记录 Nothing yet");
  return h("ol", { class: "timeline" }, ...timeline.map((entry) => {
    const name = words.actions[entry.action] ?? words.pair(words.states, entry.action);
    return h("li", { class: entry.via === "rule" ? "engine" : "" }, h("b", {}, both(name)), " ", h("span", { class: "quiet" }, [stamp(entry.at), entry.by, entry.via === "rule" ? "" : entry.via].filter(Boolean).join(" · ")),
      entry.note && h("div", {}, entry.note));
  }));
}

function vehicleSheet({ vehicle, track, violations }) {
  return [
    h("header", {}, h("b", {}, vehicle.plate || vehicle.terminal), h("span", { class: "tag" }, vehicle.online ? "在线 Online" : "离线 Offline"), h("span", { class: "grow" }), closing()),
    h("h2", {}, both(words.pair(words.classes, vehicle.class))),
    h("dl", {}, ...pairs([
      ["终端 Terminal", vehicle.terminal], ["牌色 Plate", both(words.pair(words.colors, vehicle.plate_color))],
      ["企业 Operator", [vehicle.operator_name, vehicle.operator].filter(Boolean).join(" · ") || "—"], ["属地 Division", vehicle.division],
      vehicle.hazmat_un && ["货物 Cargo", `第 ${vehicle.hazmat_class} 类 · UN ${vehicle.hazmat_un}`],
      ["速度 Speed", vehicle.position ? `${vehicle.position.speed_kmh} km/h` : "—"],
      ["最后位置 Last fix", vehicle.position ? `${stamp(vehicle.position.time)} · ${vehicle.position.altitude_m} m` : "没有 none"],
    ])),
    h("h3", {}, `最近 ${VEHICLE_HOURS} 小时 Last ${VEHICLE_HOURS} hours`),
    track ? speedProfile(track) : h("p", { class: "quiet" }, "读取中 Loading…"),
    h("h3", {}, "告警记录 Violations"),
    !violations ? h("p", { class: "quiet" }, "读取中 Loading…") : violations.length ? violations.map((alert) =>
      h("button", { class: "mini", click: () => openAlert(alert.id) }, badge(alert.severity), h("span", {}, both(words.pair(words.rules, alert.rule))), h("span", { class: "quiet" }, stamp(alert.raised_at))))
      : h("p", { class: "quiet" }, "没有记录 None on record"),
  ];
}
