/** Shapes in degrees: clipping, simplifying, measuring. */

const KM_PER_DEGREE = 111.2;
const narrowing = (latitude) => Math.cos((latitude * Math.PI) / 180);

/** km between two points near each other. */
export const kilometres = ([x, y], [u, v]) => Math.hypot((u - x) * narrowing(y), v - y) * KM_PER_DEGREE;

/** km² of a ring. */
export function area(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length; i++) {
    const [x, y] = ring[i];
    const [u, v] = ring[(i + 1) % ring.length];
    sum += x * v - u * y;
  }
  return (Math.abs(sum) / 2) * KM_PER_DEGREE ** 2 * narrowing(ring[0]?.[1] ?? 0);
}

/** The part of a closed ring inside `[west, south, east, north]` (Sutherland and Hodgman). */
export function clip(ring, [west, south, east, north]) {
  const edges = [
    [(p) => p[0] >= west, 0, west],
    [(p) => p[0] <= east, 0, east],
    [(p) => p[1] >= south, 1, south],
    [(p) => p[1] <= north, 1, north],
  ];
  let points = ring;
  for (const [isIn, axis, at] of edges) {
    if (points.every(isIn)) continue;
    const kept = [];
    points.forEach((point, i) => {
      const before = points[(i + points.length - 1) % points.length];
      if (isIn(point) !== isIn(before)) {
        const share = (at - before[axis]) / (point[axis] - before[axis]);
        kept.push([before[0] + (point[0] - before[0]) * share, before[1] + (point[1] - before[1]) * share]);
      }
      if (isIn(point)) kept.push(point);
    });
    points = kept;
    if (points.length === 0) return [];
  }
  const [first] = points;
  const last = points.at(-1);
  return first[0] === last[0] && first[1] === last[1] ? points : [...points, first];
}

/** The line with no point farther than `error` degrees from the one given (Douglas and Peucker). */
export function simplify(line, error) {
  if (line.length < 5) return line;
  const keep = new Uint8Array(line.length);
  // A ring starts where it ends: it is halved at its farthest point, or nothing would be far from its base line.
  const [x, y] = line[0];
  let far = 0;
  line.forEach(([u, v], i) => {
    if (Math.hypot(u - x, v - y) > Math.hypot(line[far][0] - x, line[far][1] - y)) far = i;
  });
  keep[0] = keep[far] = keep[line.length - 1] = 1;
  const todo = [[0, far], [far, line.length - 1]];
  while (todo.length > 0) {
    const [from, to] = todo.pop();
    let worst = -1;
    let distance = error;
    for (let i = from + 1; i < to; i++) {
      const d = away(line[i], line[from], line[to]);
      if (d > distance) [worst, distance] = [i, d];
    }
    if (worst < 0) continue;
    keep[worst] = 1;
    todo.push([from, worst], [worst, to]);
  }
  return line.filter((_, i) => keep[i]);
}

function away([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const share = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length2));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}
