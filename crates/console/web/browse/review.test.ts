/** What people decide after the fact, and a map of somebody else's, over what a demo left behind. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fromGcj02 } from "../src/map/gcj02";
import { eventually, Person, Service } from "./harness";
import { BLUES, cornerAt, meeting, Tiles } from "./tiles";

let service: Service;
let tiles: Tiles;
/** One browser a person for all that they do here. */
const people = new Map<string, Person>();

async function person(name: string): Promise<Person> {
  const known = people.get(name);
  if (known) return known;
  // Small: every pixel of a map is drawn by the processor.
  const one = await Person.at(service, { width: 1100, height: 620 });
  people.set(name, one);
  await one.signIn(name);
  return one;
}

async function get<T>({ page }: Person, path: string): Promise<T> {
  const answer = await page.request.get(`/api/v1${path}`);
  expect(answer.status(), path).toBe(200);
  return (await answer.json()) as T;
}

beforeAll(async () => {
  tiles = await Tiles.start();
  const map = `[map]\nurl = "${tiles.origin}/{z}/{x}/{y}.png"\ndatum = "gcj02"\nattribution = "© test 审图号:GS(2026)0001号"\n`;
  service = await Service.serve("9s", `[rules]\ntwo_person = true\n\n[access]\nsecond_factor_roles = ["analyst"]\ntrack_reason = "required"\n\n${map}`);
  service.others.push(tiles.origin);
  for (const name of ["admin-01", "admin-02"]) service.addUser(name, "admin");
  service.addUser("duty-01", "duty");
  service.addUser("leader-01", "supervisor");
  service.addUser("analyst-01", "analyst");
});
afterEach(() => {
  for (const [name, one] of people) expect(one.wrongs(), name).toEqual([]);
});
afterAll(async () => {
  for (const one of people.values()) await one.leave();
  await service.stop();
  await tiles.stop();
});

test("zones_of_a_file_are_imported_by_the_button_and_mistakes_are_shown_first", async () => {
  const one = await person("admin-01");
  const { page } = one;
  await page.goto("/zones");
  const square = (id: string, kind: string) => ({
    type: "Feature",
    properties: { id, kind, name_zh: "北郊加油站", division: "540102" },
    geometry: { type: "Polygon", coordinates: [[[91.1, 29.7], [91.11, 29.7], [91.11, 29.71], [91.1, 29.71], [91.1, 29.7]]] },
  });
  const file = (name: string, ...features: object[]) => ({ name, mimeType: "application/geo+json", buffer: Buffer.from(JSON.stringify({ type: "FeatureCollection", features })) });
  const give = async (what: ReturnType<typeof file>) => {
    const chosen = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Import GeoJSON" }).click();
    await (await chosen).setFiles(what);
  };
  await give(file("wrong.geojson", square("good-one", "no-parking"), square("bad-one", "no-such-kind")));
  const told = page.getByRole("alert").filter({ hasText: "bad-one" });
  await told.waitFor();
  const ids = async () => (await get<{ items: { id: string }[] }>(one, "/zones?limit=1000")).items.map(({ id }) => id);
  expect(await ids()).not.toContain("good-one");
  await give(file("right.geojson", square("imported-one", "no-parking")));
  await page.locator(".el-message-box input").fill("城管提供");
  await page.locator(".el-message-box .el-button--primary").click();
  await page.getByText("imported-one").first().waitFor();
  expect(await ids()).toContain("imported-one");
});

test("a_danger_goes_from_its_entry_to_its_announcement_and_who_put_it_right_does_not_close_it", async () => {
  const desk = await person("duty-01");
  const act = async ({ page }: Person, action: string, fill: (form: ReturnType<typeof page.locator>) => Promise<void>) => {
    await page.getByRole("group").getByRole("button", { name: new RegExp(`${action}$`) }).click();
    const form = page.locator("form.form");
    await fill(form);
    await form.locator("button[type=submit]").click();
    await form.waitFor({ state: "detached" });
  };
  await desk.page.goto("/dangers");
  await desk.page.getByRole("button", { name: "New entry" }).click();
  await desk.page.locator("[role=dialog] input[name=title]").fill("长途客车夜间违规行驶");
  await desk.page.locator("[role=dialog] .el-select").click();
  await desk.page.getByRole("option").first().click();
  await desk.page.locator("[role=dialog] button[type=submit]").click();
  const id = await eventually("its record", async () => new URL(desk.page.url()).searchParams.get("id") ?? undefined);
  await act(desk, "Assign", async (form) => {
    await form.locator("input").first().fill("某运输公司");
    await form.locator(".el-date-editor input").fill("2030-01-01 18:00:00");
    await form.locator(".el-date-editor input").press("Enter");
  });
  await act(desk, "Ask for closing", (form) => form.locator("textarea").first().fill("已调整班次,驾驶员已培训"));
  const leader = await person("leader-01");
  await leader.page.goto(`/dangers?id=${id}`);
  // The desk took part: it has no button, and the service would refuse it.
  expect(await desk.page.getByRole("button", { name: "Inspect and close" }).count()).toBe(0);
  const refused = await desk.page.request.post(`/api/v1/dangers/${id}/actions`, { headers: { "X-CSRF": "1" }, data: { action: "close", note: "x" } });
  expect(refused.status()).toBe(403);
  await act(leader, "Inspect and close", (form) => form.locator("textarea").fill("现场核查,已整改"));
  await act(leader, "Announce", (form) => form.locator("textarea").fill("全市通报"));
  await leader.page.getByText("全市通报").waitFor();
  const steps = (await get<{ items: { action: string; by: string }[] }>(leader, `/dangers/${id}/timeline`)).items.map(({ action, by }) => `${action} ${by}`);
  expect(steps).toEqual(["create duty-01", "assign duty-01", "request-close duty-01", "close leader-01", "announce leader-01"]);
  const workbook = await leader.page.request.get("/api/v1/exports/dangers.xlsx");
  expect(workbook.status()).toBe(200);
});

test("what_is_drawn_on_tiles_in_gcj02_is_stored_where_it_is", async () => {
  const one = await person("admin-01");
  const { page } = one;
  await page.goto("/zones");
  const canvas = page.locator("canvas.maplibregl-canvas");
  await canvas.waitFor();
  const STEPS = 5;
  for (let step = 0; step < STEPS; step += 1) {
    await page.locator(".map button").first().click();
    await page.waitForTimeout(400);
  }
  const box = await canvas.boundingBox();
  if (!box) throw new Error("the map has no size");
  let before = "";
  const { x, y, colour } = await eventually("tiles are drawn", async () => {
    const picture = (await page.screenshot({ clip: box })).toString("base64");
    // A map that still moves would be drawn on elsewhere than it was looked at.
    const isStill = picture === before;
    before = picture;
    if (!isStill) return undefined;
    const blank = await one.context.newPage();
    const found = await blank.evaluate(meeting, [picture, BLUES] as [string, number[]]);
    await blank.close();
    return found ?? undefined;
  });
  const { zoom, place } = cornerAt(colour);
  await page.locator('[data-draw="polygon"]').click();
  const SIDE = 150;
  for (const [dx, dy] of [[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE], [0, 0]] as const) await page.mouse.click(box.x + x + dx, box.y + y + dy, { delay: 60 });
  await page.locator("input[name=id]").fill("on-tiles");
  await page.locator("input[name=name_zh]").fill("瓦片上的区域");
  await page.locator(".form .el-select").first().click();
  await page.getByRole("option", { name: "Water source" }).click();
  await page.locator("input[name=division]").fill("540102");
  await page.locator("textarea[name=note]").fill("试划");
  await page.locator(".form button[type=submit]").click();
  type Zone = { items: { id: string; geometry: { coordinates: [number, number][][] } }[] };
  const zone = await eventually("the zone", async () => (await get<Zone>(one, "/zones?q=on-tiles")).items.find(({ id }) => id === "on-tiles"));
  const drawn = zone.geometry.coordinates[0] ?? [];
  const corners: [number, number] = [Math.min(...drawn.map(([lon]) => lon)), Math.max(...drawn.map(([, lat]) => lat))];
  const metres = ([lon, lat]: [number, number], [toLon, toLat]: [number, number]) => Math.hypot((toLon - lon) * 111_320 * Math.cos((lat * Math.PI) / 180), (toLat - lat) * 110_870);
  const PIXEL_M = (40_075_017 * Math.cos((corners[1] * Math.PI) / 180)) / 2 ** zoom / 256;
  expect(metres(corners, fromGcj02(place))).toBeLessThan(3 * PIXEL_M);
  expect(metres(corners, place)).toBeGreaterThan(150);
  expect(await page.locator(".credits").innerText()).toContain("审图号");
  expect(tiles.asked.length).toBeGreaterThan(3);
});

test("who_needs_a_second_factor_can_do_nothing_but_set_one_up", async () => {
  const one = await Person.at(service, {});
  people.set("analyst-01", one);
  const { page } = one;
  await one.giveName("analyst-01");
  await page.getByText("Your role needs a second factor").waitFor();
  expect(await page.locator("nav a").count()).toBe(0);
  expect((await page.request.get("/api/v1/alerts")).status()).toBe(403);
});

test("who_looks_at_a_track_says_why_and_the_audit_log_keeps_it", async () => {
  const desk = await person("duty-01");
  const { page } = desk;
  const alert = (await get<{ items: { vehicle: { terminal: string } }[] }>(desk, "/alerts?limit=1")).items[0];
  if (!alert) throw new Error("the demo left no alert");
  const { terminal } = alert.vehicle;
  const box = page.locator(".el-message-box");
  await page.goto(`/playback?terminal=${terminal}`);
  await box.getByText("Why is this track needed").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Without a reason no track is shown").waitFor();
  expect(await page.locator("[role=slider]").count()).toBe(0);
  await page.reload();
  await box.locator("input").fill("x");
  await box.locator(".el-button--primary").click();
  await box.getByText("2 to 200 characters are needed").waitFor();
  await box.locator("input").fill("核查超速告警");
  await box.locator(".el-button--primary").click();
  await page.locator("[role=slider]").first().waitFor();
  const kept = (await get<{ items: { by: string; subject: string; detail: string }[] }>(await person("admin-01"), "/audit?by=duty-01")).items;
  expect(kept.some(({ subject, detail }) => subject === terminal && detail.includes("核查超速告警"))).toBe(true);
});

test("a_dossier_prints_on_paper", async () => {
  const one = await person("admin-01");
  const { page } = one;
  const alert = (await get<{ items: { vehicle: { terminal: string; plate: string } }[] }>(one, "/alerts?limit=1")).items[0];
  if (!alert) throw new Error("the demo left no alert");
  await page.goto(`/dossiers/vehicle/${alert.vehicle.terminal}`);
  await page.getByRole("heading", { name: alert.vehicle.plate }).waitFor();
  await page.locator(".el-table__row").first().waitFor();
  const pdf = await page.pdf({ format: "A4" });
  const text = pdf.toString("latin1");
  expect(text.startsWith("%PDF-")).toBe(true);
  expect((text.match(/\/Type\s*\/Page\b/g) ?? []).length).toBeGreaterThan(0);
  // What is on paper: the subject, not the frame around it.
  await page.emulateMedia({ media: "print" });
  expect(await page.locator("header .brand").isVisible()).toBe(false);
  expect(await page.getByRole("heading", { name: alert.vehicle.plate }).isVisible()).toBe(true);
  const [paper, wide] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  expect(wide).toBeLessThanOrEqual(paper ?? 0);
});

test("a_rule_is_tried_on_yesterday_and_in_force_once_a_second_person_agrees", async () => {
  const one = await person("admin-01");
  const { page } = one;
  // A day later by every clock the page has: what the fleet drove just now is its yesterday.
  await page.addInitScript(() => {
    const [day, now, parse] = [86_400_000, Date.now, Date.parse];
    Date.now = () => now() + day;
    Date.parse = (text: string) => parse(text) + day;
  });
  type Rules = { items: { id: string; settings: { key: string; title_en: string; value: unknown }[] }[] };
  const rule = (await get<Rules>(one, "/rules")).items.find(({ id }) => id === "fatigue-warning");
  const setting = rule?.settings[0];
  if (!rule || !setting) throw new Error("no such rule");
  await page.goto("/rules");
  await page.getByRole("button", { name: "Fatigue warning" }).click();
  await page.locator("section.panel header .el-switch").first().click();
  await page.getByRole("button", { name: /Try$/ }).click();
  const done = page.getByText(/Tried on [1-9]\d* frames/);
  await done.waitFor();
  // Without the rule the warnings of the drive before are lost, and nothing else changes.
  const rows = await page.locator("[role=status] tbody tr").evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? "")));
  const different = rows.filter(([, , , ...counts]) => counts.some((count) => count !== "0"));
  expect(different.map(([name]) => name)).toEqual([expect.stringContaining("Fatigue warning")]);
  expect(different[0]?.slice(2)).toEqual(["0", "0", different[0]?.[1], "0"]);
  await page.getByRole("button", { name: "Put into force" }).click();
  await page.locator(".el-message-box textarea").fill("试行一周");
  await page.locator(".el-message-box .el-button--primary").click();
  await page.getByText("another person has to agree").waitFor();
  const state = async () => (await get<{ items: { state: string; decided_by: string | null }[] }>(one, "/rules/changes")).items[0];
  expect((await state())?.state).toBe("pending");
  expect(await page.getByRole("button", { name: "Agree" }).count()).toBe(0);
  const other = await person("admin-02");
  await other.page.goto("/rules");
  await other.page.getByRole("button", { name: "Agree" }).click();
  await other.page.getByText("In force").first().waitFor();
  expect(await eventually("it is in force", async () => ((await state())?.state === "in-force" ? state() : undefined))).toMatchObject({ decided_by: "admin-02" });
  const now = (await get<{ items: { id: string; enabled: boolean }[] }>(one, "/rules")).items.find(({ id }) => id === rule.id);
  expect(now?.enabled).toBe(false);
});
