// Speed over time as SVG, with the limit and the time the alert lasted.
import { svg, h } from "./dom.js";
import { clock, minute } from "./time.js";

const [WIDTH, HEIGHT, LEFT, FOOT, HEAD] = [360, 132, 30, 18, 8];

export function speedProfile(items, { limit = null, from = null, until = null } = {}) {
  if (items.length < 2) return h("p", { class: "quiet" }, "位置太少,没有曲线 Too few positions for a profile");
  const times = items.map((item) => Date.parse(item.time));
  const [first, last] = [times[0], times.at(-1)];
  const top = Math.ceil((Math.max(limit ?? 0, ...items.map((item) => item.speed_kmh)) + 8) / 20) * 20;
  const x = (ms) => LEFT + (Math.max(first, Math.min(last, ms)) - first) / (last - first || 1) * (WIDTH - LEFT - 4);
  const y = (speed) => HEIGHT - FOOT - speed / top * (HEIGHT - FOOT - HEAD);
  const points = items.map((item, i) => `${x(times[i]).toFixed(1)} ${y(item.speed_kmh).toFixed(1)}`).join("L");
  const steps = [0, top / 2, top];
  const label = last - first > 3600_000 ? minute : clock;
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `速度曲线,最高 ${Math.max(...items.map((i) => i.speed_kmh)).toFixed(0)} km/h Speed profile` },
    from !== null && svg("rect", { class: "band", x: x(from), y: HEAD, width: Math.max(2, x(until ?? last) - x(from)), height: HEIGHT - FOOT - HEAD }),
    steps.map((step) => [svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 4, y1: y(step), y2: y(step) }), svg("text", { x: LEFT - 5, y: y(step) + 3.5, "text-anchor": "end" }, String(step))]),
    svg("path", { class: "area", d: `M${x(first)} ${y(0)}L${points}L${x(last)} ${y(0)}z` }),
    svg("path", { class: "speed", d: `M${points}` }),
    limit !== null && [svg("line", { class: "limit", x1: LEFT, x2: WIDTH - 4, y1: y(limit), y2: y(limit) }), svg("text", { class: "limit-text", x: LEFT + 4, y: y(limit) - 4 }, `限速 limit ${limit}`)],
    svg("text", { x: LEFT, y: HEIGHT - 4 }, label(first)), svg("text", { x: WIDTH - 4, y: HEIGHT - 4, "text-anchor": "end" }, label(last)));
}
