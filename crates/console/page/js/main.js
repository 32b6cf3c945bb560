// The desk: who is signed in, what the feed says, which key does what.
import { $, h, both, badge, say } from "./dom.js";
import * as api from "./api.js";
import * as words from "./words.js";
import * as time from "./time.js";
import * as map from "./map.js";
import * as inbox from "./inbox.js";
import * as sheet from "./sheet.js";
import * as sound from "./sound.js";
import * as live from "./live.js";
import { showKeys } from "./ask.js";

theme(localStorage.getItem("theme") ?? "dark");
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
$("help").addEventListener("click", showKeys);
$("leave").addEventListener("click", async () => { await api.remove("/api/v1/session").catch(() => {}); location.reload(); });
$("signin").addEventListener("submit", signIn);
setInterval(tick, 1000);
tick();
enter();

async function enter() {
  const ticket = new URLSearchParams(location.search).get("ticket");
  if (ticket) {
    history.replaceState(null, "", "/");
    await api.post("/api/v1/session/ticket", { ticket }).catch((problem) => wrong(problem));
  }
  try {
    desk(await api.get("/api/v1/me"));
  } catch (problem) {
    $("door").hidden = false;
    if (problem.status !== 401) wrong(problem);
    $("signin").elements.name.focus();
  }
}

async function signIn(event) {
  event.preventDefault();
  const form = $("signin");
  form.querySelector(".go").disabled = true;
  try {
    await api.post("/api/v1/session", { name: form.elements.name.value, password: form.elements.password.value });
    form.reset();
    desk(await api.get("/api/v1/me"));
  } catch (problem) {
    wrong(problem);
  } finally {
    form.querySelector(".go").disabled = false;
  }
}

function wrong(problem) {
  $("signin-error").hidden = false;
  $("signin-error").textContent = problem.status === 401 ? "用户名或密码不对 The name or the password is wrong"
    : problem.status === 429 ? "尝试太多,请稍后再试 Too many attempts, wait a moment" : problem.message;
}

function desk(me) {
  $("door").hidden = true;
  $("desk").hidden = $("tabs").hidden = $("leave").hidden = $("sound").hidden = $("help").hidden = false;
  $("who").textContent = `${me.name} · ${words.pair(words.roles, me.role)[0]}`;
  map.start(sheet.openVehicle);
  inbox.start(sheet.openAlert);
  sheet.start(tab);
  sound.start();
  tab("inbox");
  for (const button of $("tabs").children) button.addEventListener("click", () => tab(button.dataset.tab));
  document.addEventListener("keydown", keys);
  inbox.load();
  ground();
  vehicles();
  live.start({
    alert: (alert) => { if (inbox.arrive(alert)) announce(alert); sheet.changed(alert.id); },
    vehicle: map.setVehicle,
    handling: ({ alert_id: id, handling }) => { inbox.handled(id, handling); sheet.handled(id, handling); },
    summary,
    resync: () => { inbox.load(); vehicles(); },
    refused: () => location.reload(),
  });
}

function announce(alert) {
  if (alert.late) return;
  sound.ring(alert.severity);
  if (alert.severity === "critical") $("shout").textContent = `${alert.title.zh} ${alert.title.en}`;
}

/** The ground the vehicles move on; each part may fail without the others. */
function ground() {
  const parts = [["/base.json", map.setBase], ["/api/v1/map/zones", map.setZones], ["/api/v1/map/routes", map.setRoutes]];
  for (const [path, set] of parts) api.get(path).then(set).catch((problem) => say(`地图 Map: ${problem.message}`));
}

async function vehicles() {
  let cursor = null;
  try {
    do {
      const page = await api.get("/api/v1/vehicles", cursor ? [["limit", 1000], ["cursor", cursor]] : [["limit", 1000]]);
      page.items.forEach(map.setVehicle);
      cursor = page.next;
    } while (cursor);
  } catch (problem) {
    say(`车辆 Vehicles: ${problem.message}`);
  }
}

function summary({ open, vehicles_online: online, vehicles_total: total }) {
  $("summary").replaceChildren(
    ...Object.entries(words.severities).map(([severity, text]) => h("span", { class: `count ${severity}${open[severity] ? "" : " zero"}`, title: text.join(" ") },
      badge(severity, 14), h("b", { class: "tone" }, String(open[severity] ?? 0)), h("span", { class: "word" }, both(text)))),
    h("span", { class: "count", title: "在线车辆 Vehicles online" }, h("b", {}, `${online}/${total}`), h("span", { class: "word" }, both(["在线", "online"]))));
  document.title = `${open.critical ? `(${open.critical}) ` : ""}Roadwarden 道路卫士`;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const does = {
    j: () => inbox.move(1), k: () => inbox.move(-1), ArrowDown: () => inbox.move(1), ArrowUp: () => inbox.move(-1),
    Enter: () => { const alert = inbox.current(); if (alert) sheet.openAlert(alert.id); },
    Escape: sheet.close, a: () => sheet.act("acknowledge"), h: () => sheet.act("handle"), f: () => sheet.act("false-alarm"),
    c: () => sheet.act("comment"), e: () => sheet.act("close"), o: () => sheet.act("reopen"), m: sheet.centre,
    "/": () => $("search").focus(), "?": showKeys,
    1: () => inbox.toggleSeverity("critical"), 2: () => inbox.toggleSeverity("major"), 3: () => inbox.toggleSeverity("minor"), 4: () => inbox.toggleSeverity("info"),
  }[event.key];
  if (!does || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
  event.preventDefault();
  does();
}

function tab(name) {
  $("desk").dataset.tab = name;
  for (const button of $("tabs").children) button.setAttribute("aria-current", String(button.dataset.tab === name));
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("theme", name);
  map.recolor();
}

function tick() {
  const ms = time.now();
  $("clock").replaceChildren(time.clock(ms), h("small", { class: "day" }, time.date(ms)), h("small", {}, "UTC+8"));
}
