import { expect, test } from "vitest";
import { blank, drawable, feature, moved } from "./places";

const RING = [[91, 29], [91.1, 29], [91.1, 29.1], [91, 29]];

test("a_feature_holds_what_is_filled_in_and_nothing_of_the_service", () => {
  const place = { ...blank("zones", { type: "Polygon", coordinates: [RING] }), id: "a", name_zh: "甲", classes: [] };
  expect(feature(place).properties).toEqual({ id: "a", kind: "no-parking", name_zh: "甲" });
});

test("every_place_of_a_shape_is_moved_and_rounded", () => {
  const shape = moved({ type: "Polygon", coordinates: [RING] }, ([lon, lat]) => [lon + 0.123456789, lat]);
  expect(shape).toEqual({ type: "Polygon", coordinates: [[[91.1234568, 29], [91.2234568, 29], [91.2234568, 29.1], [91.1234568, 29]]] });
});

test("an_area_of_one_part_can_be_drawn_and_of_two_not", () => {
  expect(drawable({ type: "MultiPolygon", coordinates: [[RING]] })).toEqual({ type: "Polygon", coordinates: [RING] });
  expect(drawable({ type: "MultiPolygon", coordinates: [[RING], [RING]] })).toBeNull();
});
