// A small Web-Mercator map on one canvas: base lines, zones, routes, a track, and the vehicles.
import { $, h, svg, both, badge } from "./dom.js";
import * as words from "./words.js";
import { now } from "./time.js";

const TILE = 256;
const [ZOOM_MIN, ZOOM_MAX] = [4, 17];
/** Silent for so long is offline, also when no event says so. */
const ONLINE_MS = 180_000;
/** Class as a shape, nose to the north, inside a circle of radius 7. */
const SHAPES = {
  "scheduled-coach": "M-4-4 0-8 4-4V6.5H-4z",
  "charter-coach": "M0-8 6-1 4 6.5H-4L-6-1z",
  "hazmat-truck": "M0-8.5 7 0 0 7-7 0z",
  "school-bus": "M0-8A2.5 2.5 0 0 1 2.4-5.3 6 6 0 1 1-2.4-5.3 2.5 2.5 0 0 1 0-8z",
  "heavy-truck": "M0-8 3-5H6V6H-6V-5H-3z",
};
const paths = Object.fromEntries(Object.entries(SHAPES).map(([key, text]) => [key, new Path2D(text)]));
const dot = new Path2D("M0-3.4A3.4 3.4 0 1 1-.01-3.4z");

const canvas = $("map");
const pen = canvas.getContext("2d");
const view = { x: 0, y: 0, zoom: 6 };
const vehicles = new Map();
let [base, zones, routes] = [{ towns: [], roads: [], lakes: [] }, [], []];
let [width, height, colors, queued] = [0, 0, {}, false];
let [selected, hovered, track, choose] = [null, null, null, () => {}];

const mercator = (lon, lat) => {
  const sin = Math.sin(Math.max(-85, Math.min(85, lat)) * Math.PI / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
};
const latitude = (y) => 90 - 360 * Math.atan(Math.exp((y - 0.5) * 2 * Math.PI)) / Math.PI;
const scale = () => TILE * 2 ** view.zoom;

export function start(onChoose) {
  choose = onChoose;
  new ResizeObserver(resize).observe(canvas);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(event.offsetX, event.offsetY, -event.deltaY * (event.deltaMode ? 0.05 : 0.0022));
  }, { passive: false });
  listenToPointers();
  canvas.addEventListener("keydown", keys);
  canvas.addEventListener("dblclick", (event) => zoomAt(event.offsetX, event.offsetY, 1));
  $("zoom-in").addEventListener("click", () => zoomAt(width / 2, height / 2, 1));
  $("zoom-out").addEventListener("click", () => zoomAt(width / 2, height / 2, -1));
  $("zoom-fit").addEventListener("click", fitAll);
  recolor();
  legend();
  resize();
  fit([[84, 28], [97.5, 33.5]]);
}

export function setBase(data) {
  const line = (points) => points.map(([lon, lat]) => mercator(lon, lat));
  base = {
    towns: data.towns.map((town) => ({ ...town, at: mercator(town.lon, town.lat) })),
    roads: data.roads.map((road) => ({ ...road, line: line(road.line) })),
    lakes: data.lakes.map((lake) => ({ ...lake, line: line(lake.line) })),
  };
  draw();
}

export function setZones(collection) {
  zones = collection.features.map(project);
  draw();
}

export function setRoutes(collection) {
  routes = collection.features.map(project);
  draw();
}

export function setVehicle(vehicle) {
  if (!vehicle.position) return;
  vehicles.set(vehicle.terminal, { ...vehicle, heard: Date.parse(vehicle.received_at), at: mercator(vehicle.position.lon, vehicle.position.lat) });
  draw();
}

export function select(terminal) {
  selected = terminal;
  draw();
}

/** Shows where a vehicle was; `from` and `until` (ms) mark the part that belongs to an alert. */
export function setTrack(items, { from, until, severity, mark } = {}) {
  track = items.length
    ? { points: items.map((item) => ({ at: mercator(item.lon, item.lat), ms: Date.parse(item.time) })), from, until, severity, mark: mark && mercator(mark.lon, mark.lat) }
    : null;
  draw();
}

export function showTrack() {
  if (!track) return;
  const during = track.points.filter((point) => point.ms >= (track.from ?? 0) && point.ms <= (track.until ?? Infinity));
  fitWorld((during.length > 1 ? during : track.points).map((point) => point.at), 12.5);
}

export function centre(lon, lat, zoom = 12) {
  [view.x, view.y] = mercator(lon, lat);
  view.zoom = Math.max(view.zoom, zoom);
  draw();
}

export function fitAll() {
  const all = [...vehicles.values()].map((vehicle) => vehicle.at);
  if (all.length) fitWorld(all, 13); else fit([[84, 28], [97.5, 33.5]]);
}

export function recolor() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["map", "panel", "line", "text", "quiet", "accent", "info", "minor", "major", "critical", "good", "offline"]) {
    colors[name] = style.getPropertyValue(`--${name}`).trim();
  }
  colors.water = document.documentElement.dataset.theme === "dark" ? "#16344f" : "#bcdcf0";
  colors.road = document.documentElement.dataset.theme === "dark" ? "#4a5c78" : "#c9b48b";
  draw();
}

function project(feature) {
  const { type, coordinates } = feature.geometry;
  const ring = (points) => points.map(([lon, lat]) => mercator(lon, lat));
  const rings = type === "Polygon" ? coordinates.map(ring) : type === "MultiPolygon" ? coordinates.flat().map(ring)
    : type === "MultiLineString" ? coordinates.map(ring) : [ring(coordinates)];
  return { rings, area: type.endsWith("Polygon"), properties: feature.properties };
}

function fit(corners) {
  fitWorld(corners.map(([lon, lat]) => mercator(lon, lat)), ZOOM_MAX);
}

function fitWorld(points, zoomMax) {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const fits = Math.log2(Math.min((width - 90) / (right - left || 1e-9), (height - 90) / (bottom - top || 1e-9)) / TILE);
  [view.x, view.y, view.zoom] = [(left + right) / 2, (top + bottom) / 2, clamp(fits, zoomMax)];
  draw();
}

const clamp = (zoom, max = ZOOM_MAX) => Math.max(ZOOM_MIN, Math.min(max, Number.isFinite(zoom) ? zoom : 6));

function zoomAt(px, py, by) {
  const before = [view.x + (px - width / 2) / scale(), view.y + (py - height / 2) / scale()];
  view.zoom = clamp(view.zoom + by);
  view.x = before[0] - (px - width / 2) / scale();
  view.y = before[1] - (py - height / 2) / scale();
  draw();
}

function pan(dx, dy) {
  view.x = Math.max(0, Math.min(1, view.x - dx / scale()));
  view.y = Math.max(0, Math.min(1, view.y - dy / scale()));
  draw();
}

function keys(event) {
  const step = 80;
  const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (moves[event.key]) pan(...moves[event.key]);
  else if (event.key === "+" || event.key === "=") zoomAt(width / 2, height / 2, 0.5);
  else if (event.key === "-") zoomAt(width / 2, height / 2, -0.5);
  else if (event.key === "0") fitAll();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function listenToPointers() {
  const held = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.offsetX, event.offsetY]);
    if (held.size === 1) moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return hover(event.offsetX, event.offsetY);
    const [dx, dy] = [event.offsetX - last[0], event.offsetY - last[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (held.size === 2) {
      const other = [...held].find(([id]) => id !== event.pointerId)[1];
      const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
      zoomAt(other[0], other[1], Math.log2(spread([event.offsetX, event.offsetY]) / spread(last)));
    } else if (moved > 3) {
      canvas.classList.add("drag");
      pan(dx, dy);
    }
    held.set(event.pointerId, [event.offsetX, event.offsetY]);
  });
  const release = (event) => {
    if (held.delete(event.pointerId) && moved <= 3 && event.type === "pointerup") {
      const vehicle = nearest(event.offsetX, event.offsetY);
      if (vehicle) choose(vehicle.terminal);
    }
    canvas.classList.remove("drag");
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { hovered = null; $("tip").hidden = true; draw(); });
}

function nearest(px, py) {
  let [best, distance] = [null, 14];
  for (const vehicle of vehicles.values()) {
    const [x, y] = screen(vehicle.at);
    const d = Math.hypot(x - px, y - py);
    if (d < distance) [best, distance] = [vehicle, d];
  }
  return best;
}

function hover(px, py) {
  const vehicle = nearest(px, py);
  canvas.classList.toggle("over", Boolean(vehicle));
  if (vehicle?.terminal !== hovered) { hovered = vehicle?.terminal ?? null; draw(); }
  const tip = $("tip");
  tip.hidden = !vehicle;
  if (!vehicle) return;
  const speed = isOnline(vehicle) ? `${Math.round(vehicle.position.speed_kmh)} km/h` : "离线 offline";
  tip.replaceChildren(h("b", {}, vehicle.plate || vehicle.terminal), " ", ...both(words.pair(words.classes, vehicle.class)), h("div", { class: "quiet" }, speed));
  tip.style.left = `${Math.min(px + 14, width - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(py + 14, height - tip.offsetHeight - 8)}px`;
}

function resize() {
  const ratio = window.devicePixelRatio || 1;
  const [was, tall] = [width, height];
  [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  if (!was && tall === 0) fit([[84, 28], [97.5, 33.5]]);
  draw();
}

function draw() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; if (width) paint(); });
}

const screen = ([x, y]) => [(x - view.x) * scale() + width / 2, (y - view.y) * scale() + height / 2];

function paint() {
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colors.map;
  pen.fillRect(0, 0, width, height);
  graticule();
  for (const lake of base.lakes) shape([lake.line], { fill: colors.water });
  for (const road of base.roads) shape([road.line], { stroke: colors.road, width: view.zoom > 8 ? 2.4 : 1.5, open: true });
  for (const route of routes) shape(route.rings, { stroke: colors.accent, width: 1.6, open: true, alpha: 0.55 });
  for (const zone of zones) paintZone(zone);
  names();
  paintTrack();
  paintVehicles(ratio);
  labels();
  paintMark();
  paintChosen();
  scaleBar();
}

function shape(rings, { fill, stroke, width: line = 1, open = false, alpha = 1, dash = [] }) {
  pen.beginPath();
  for (const ring of rings) {
    ring.forEach((point, i) => { const [x, y] = screen(point); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
    if (!open) pen.closePath();
  }
  pen.setLineDash(dash);
  if (fill) { pen.globalAlpha = alpha; pen.fillStyle = fill; pen.fill("evenodd"); }
  pen.globalAlpha = fill ? Math.min(1, alpha * 4) : alpha;
  if (stroke) { pen.strokeStyle = stroke; pen.lineWidth = line; pen.lineJoin = pen.lineCap = "round"; pen.stroke(); }
  pen.globalAlpha = 1;
  pen.setLineDash([]);
}

const ZONE_COLORS = { "bridge": "major", "tunnel": "major", "water-source": "accent", "no-parking": "minor", "speed-limit": "info", "closed": "critical" };

function paintZone(zone) {
  const color = colors[ZONE_COLORS[zone.properties.kind] ?? "info"];
  if (zone.area) shape(zone.rings, { fill: color, stroke: color, width: 1.2, alpha: 0.16, dash: [5, 3] });
  else shape(zone.rings, { stroke: color, width: 5, open: true, alpha: 0.75 });
  const [x, y] = screen(middle(zone.rings[0]));
  if (view.zoom < 10.5 || x < 0 || y < 0 || x > width || y > height) return;
  text(zone.properties.name_zh || zone.properties.id, x, y - 9, `600 11.5px ${getFont()}`, color, "center");
}

const middle = (ring) => ring[Math.floor(ring.length / 2)] ?? [0, 0];
const getFont = () => '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';

function text(words_, x, y, font, color, align = "left") {
  pen.font = font;
  pen.textAlign = align;
  pen.lineWidth = 3;
  pen.strokeStyle = colors.map;
  pen.lineJoin = "round";
  pen.strokeText(words_, x, y);
  pen.fillStyle = color;
  pen.fillText(words_, x, y);
}

function graticule() {
  const step = view.zoom < 6 ? 5 : view.zoom < 8 ? 2 : view.zoom < 10 ? 0.5 : view.zoom < 13 ? 0.1 : 0.02;
  const half = [width / 2 / scale(), height / 2 / scale()];
  const [west, east] = [(view.x - half[0] - 0.5) * 360, (view.x + half[0] - 0.5) * 360];
  const [south, north] = [latitude(view.y + half[1]), latitude(view.y - half[1])];
  pen.globalAlpha = 0.55;
  pen.strokeStyle = colors.line;
  pen.lineWidth = 0.7;
  pen.beginPath();
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) { const [x] = screen(mercator(lon, 30)); pen.moveTo(x, 0); pen.lineTo(x, height); }
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) { const [, y] = screen(mercator(90, lat)); pen.moveTo(0, y); pen.lineTo(width, y); }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** Roads' numbers and lakes, below the vehicles. */
function names() {
  if (view.zoom < 6.3) return;
  for (const road of base.roads) along(road.line, (x, y) => text(road.ref, x, y + 4, `600 10px ${getFont()}`, colors.quiet, "center"));
  for (const lake of base.lakes) {
    const [x, y] = screen(centroid(lake.line));
    text(lake.zh, x, y + 4, `italic 11px ${getFont()}`, colors.accent, "center");
  }
}

/** Towns by rank, none over another, above the vehicles: one must be able to read where they are. */
function labels() {
  const taken = [];
  for (const town of base.towns) {
    if (town.rank > (view.zoom < 6 ? 1 : view.zoom < 7.5 ? 2 : 3)) continue;
    const [x, y] = screen(town.at);
    if (x < -40 || y < -20 || x > width + 40 || y > height + 20) continue;
    const box = [x - 4, y - 12, x + 86, y + 16];
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
    taken.push(box);
    pen.fillStyle = colors.quiet;
    pen.fillRect(x - 2, y - 2, 4, 4);
    text(town.zh, x + 6, y + 3, `${town.rank === 1 ? "650 13.5px" : "500 12px"} ${getFont()}`, colors.text);
    text(town.en, x + 6, y + 15, `10px ${getFont()}`, colors.quiet);
  }
}

const centroid = (ring) => [0, 1].map((axis) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length);

/** Calls back at the middle of every leg that is long enough on the screen. */
function along(line, each) {
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [screen(line[i - 1]), screen(line[i])];
    const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    if (Math.hypot(a[0] - b[0], a[1] - b[1]) > 70 && x > 0 && y > 0 && x < width && y < height) each(x, y);
  }
}

function paintTrack() {
  if (!track) return;
  const lines = { before: [], during: [] };
  track.points.forEach((point, i) => {
    const during = point.ms >= (track.from ?? Infinity) && point.ms <= (track.until ?? Infinity);
    const previous = track.points[i - 1];
    if (previous) lines[during ? "during" : "before"].push([previous.at, point.at]);
  });
  shape(lines.before, { stroke: colors.map, width: 7, open: true });
  shape(lines.before, { stroke: colors.accent, width: 3.2, open: true });
  shape(lines.during, { stroke: colors[track.severity] ?? colors.accent, width: 5.5, open: true });
  const [x, y] = screen(track.points[0].at);
  pen.beginPath();
  pen.arc(x, y, 4.5, 0, 7);
  pen.fillStyle = colors.map;
  pen.fill();
  pen.strokeStyle = colors.accent;
  pen.lineWidth = 2;
  pen.stroke();
}

/** Where the alert was raised: its severity's shape, ringed. */
function paintMark() {
  if (!track?.mark) return;
  const [x, y] = screen(track.mark);
  pen.beginPath();
  pen.arc(x, y, 10, 0, 7);
  pen.strokeStyle = colors[track.severity] ?? colors.accent;
  pen.lineWidth = 2.5;
  pen.stroke();
  pen.beginPath();
  pen.arc(x, y, 4, 0, 7);
  pen.fillStyle = pen.strokeStyle;
  pen.fill();
}

const isOnline = (vehicle) => now() - vehicle.heard < ONLINE_MS;
const importance = (vehicle) => (isOnline(vehicle) ? 1 : 0) + 2 * (words.rank[vehicle.worst_open] ?? 0);

function paintVehicles(ratio) {
  const size = view.zoom < 6 ? 0.62 : view.zoom < 8 ? 0.82 : view.zoom < 11 ? 1 : 1.25;
  const seen = [];
  for (const vehicle of vehicles.values()) {
    const [x, y] = screen(vehicle.at);
    if (x > -12 && y > -12 && x < width + 12 && y < height + 12) seen.push([vehicle, x, y]);
  }
  seen.sort((a, b) => importance(a[0]) - importance(b[0]));
  for (const [vehicle, x, y] of seen) {
    const turn = (vehicle.position.heading_deg ?? 0) * Math.PI / 180;
    const grow = size * (vehicle.worst_open ? 1.18 : 1) * ratio;
    pen.setTransform(grow * Math.cos(turn), grow * Math.sin(turn), -grow * Math.sin(turn), grow * Math.cos(turn), x * ratio, y * ratio);
    const path = paths[vehicle.class] ?? dot;
    pen.fillStyle = vehicle.worst_open ? colors[vehicle.worst_open] : isOnline(vehicle) ? colors.good : colors.offline;
    pen.globalAlpha = isOnline(vehicle) || vehicle.worst_open ? 1 : 0.75;
    pen.fill(path);
    pen.globalAlpha = 1;
    pen.lineWidth = 1.3;
    pen.strokeStyle = colors.map;
    pen.stroke(path);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** Rings the vehicles that are pointed at and chosen, above everything. */
function paintChosen() {
  for (const terminal of new Set([hovered, selected])) {
    const vehicle = vehicles.get(terminal);
    if (!vehicle) continue;
    const [x, y] = screen(vehicle.at);
    pen.beginPath();
    pen.arc(x, y, 14, 0, 7);
    pen.strokeStyle = colors.text;
    pen.lineWidth = 2;
    pen.stroke();
    if (terminal === selected) text(vehicle.plate || terminal, x, y - 19, `650 12.5px ${getFont()}`, colors.text, "center");
  }
}

function scaleBar() {
  const metres = 40_075_017 * Math.cos(latitude(view.y) * Math.PI / 180) / scale();
  const wanted = metres * 110;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const round = [5, 2, 1].map((n) => n * power).find((n) => n <= wanted) ?? power;
  $("scale").style.width = `${round / metres}px`;
  $("scale").replaceChildren(h("span", {}, round >= 1000 ? `${round / 1000} km` : `${round} m`));
}

function legend() {
  const vehicleMark = (name, fill = "var(--good)") => svg("svg", { viewBox: "-9 -9 18 18", width: 18, height: 18, "aria-hidden": "true" }, svg("path", { d: SHAPES[name], fill }));
  $("legend").replaceChildren(
    ...Object.keys(SHAPES).map((name) => h("div", {}, vehicleMark(name), h("span", {}, both(words.classes[name])))),
    h("div", {}, vehicleMark("heavy-truck", "var(--offline)"), h("span", {}, both(["离线", "Offline"]))),
    ...Object.keys(words.severities).map((name) => h("div", {}, badge(name), h("span", {}, both(words.severities[name])))),
  );
}
