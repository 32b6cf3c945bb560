import { expect, test } from "vitest";
import { fromGcj02, toGcj02, type LonLat } from "./gcj02";
import { metres } from "./measure";

test("the_shift_at_lhasa_is_337_m", () => {
  const lhasa: LonLat = [91.13, 29.65];
  expect(Math.abs(metres(lhasa, toGcj02(lhasa)) - 337)).toBeLessThan(3);
});

test("there_and_back_is_within_half_a_metre", () => {
  let places = 0;
  for (let lon = 73; lon <= 135; lon += 1.7)
    for (let lat = 18; lat <= 54; lat += 1.3) {
      places++;
      expect(metres([lon, lat], fromGcj02(toGcj02([lon, lat])))).toBeLessThan(0.5);
    }
  expect(places).toBeGreaterThan(900);
});

test("outside_the_box_nothing_is_shifted", () => {
  expect(toGcj02([2.35, 48.85])).toEqual([2.35, 48.85]);
  expect(fromGcj02([-70, -33])).toEqual([-70, -33]);
});
