import { expect, test } from "vitest";
import { isToAsk, wider, type Bbox } from "./view";

const SCREEN: Bbox = [90, 29, 92, 30];
const asked = (zoom: number) => ({ bbox: wider(SCREEN), zoom });
const moved = (by: number, zoom: number) => ({ bbox: [90 + by, 29, 92 + by, 30] as Bbox, zoom });

test("small_movements_need_no_new_snapshot", () => {
  expect(wider(SCREEN)).toEqual([89.5, 28.75, 92.5, 30.25]);
  expect(isToAsk(asked(9), moved(0.4, 9), false)).toBe(false);
  expect(isToAsk(asked(9), moved(0.6, 9), false)).toBe(true);
});

test("crossing_zoom_8_and_the_grid_of_cells_are_told", () => {
  expect(isToAsk(asked(7.9), moved(0, 8), false)).toBe(true);
  expect(isToAsk(asked(7.9), moved(0, 8), true)).toBe(false);
  expect(isToAsk(asked(6.9), moved(0, 7.1), false)).toBe(true);
  expect(isToAsk(asked(7.1), moved(0, 7.6), false)).toBe(false);
});

test("zooming_in_asks_for_less", () => {
  expect(isToAsk(asked(9), { bbox: [90.9, 29.4, 91.2, 29.55], zoom: 11.7 }, false)).toBe(true);
});

test("the_world_has_edges", () => {
  expect(wider([-180, -80, 180, 84])).toEqual([-180, -85, 180, 85]);
});
