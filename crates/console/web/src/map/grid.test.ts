import { expect, test } from "vitest";
import { Grid, type Places } from "./grid";

function scattered(count: number): Places & { xs: number[]; ys: number[] } {
  let seed = 7;
  const next = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const [xs, ys] = [Array.from({ length: count }, next), Array.from({ length: count }, next)];
  return { length: count, has: (i) => i % 10 !== 3, x: (i) => xs[i]!, y: (i) => ys[i]!, xs, ys };
}

test("the_grid_finds_what_looking_at_each_finds", () => {
  const places = scattered(3000);
  const box = { west: 0.2, east: 0.8, north: 0.1, south: 0.9 };
  const grid = new Grid(places, box);
  let found = 0;
  for (let i = 0; i < 300; i++) {
    const [x, y] = [0.2 + (i % 20) * 0.03, 0.1 + Math.floor(i / 20) * 0.053];
    let best = -1;
    let least = 0.01 ** 2;
    places.xs.forEach((px, at) => {
      const py = places.ys[at]!;
      const isIn = px >= box.west && px < box.east && py >= box.north && py < box.south;
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (places.has(at) && isIn && far <= least) [best, least] = [at, far];
    });
    expect(grid.nearest(x, y, 0.01)).toBe(best);
    if (best >= 0) found++;
  }
  expect(found).toBeGreaterThan(100);
});

test("nothing_near_is_minus_one", () => {
  const places: Places = { length: 1, has: () => true, x: () => 0.5, y: () => 0.5 };
  const grid = new Grid(places, { west: 0, east: 1, north: 0, south: 1 });
  expect(grid.nearest(0.9, 0.9, 0.05)).toBe(-1);
  expect(grid.nearest(0.501, 0.5, 0.05)).toBe(0);
});
