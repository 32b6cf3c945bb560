/** A duty officer's work with the alerts, from the arrival to the end. */

import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sheet, unzip } from "./archive";
import { eventually as within, PATIENCE_MS, Person, Service } from "./harness";

type Alert = { id: string; rule: string; vehicle: { terminal: string; plate: string; operator: string }; handling: { status: string }; place: { zone: { id: string } | null } };

let service: Service;
const people: Person[] = [];

async function person(name: string, options = {}): Promise<Person> {
  const one = await Person.at(service, options);
  people.push(one);
  await one.signIn(name);
  return one;
}

async function get<T>({ page }: Person, path: string): Promise<T> {
  const answer = await page.request.get(`/api/v1${path}`);
  expect(answer.status(), path).toBe(200);
  return (await answer.json()) as T;
}

/** The rules take their time: what is waited for here may take longer than a page does. */
const eventually = <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => within(what, ask, PATIENCE_MS * 2);

const alerts = async (one: Person, query = "") => (await get<{ items: Alert[] }>(one, `/alerts?limit=500${query}`)).items;

beforeAll(async () => {
  service = await Service.start();
  service.addUser("duty-01", "duty");
  service.addUser("admin-01", "admin");
  service.addUser("leader-01", "supervisor");
  service.addUser("company-01", "operator", "--operator", service.vehicles()[0]?.operator ?? "");
});
afterEach(async () => {
  for (const one of people) expect(one.wrongs()).toEqual([]);
  while (people.length > 0) await people.pop()?.leave();
});
afterAll(() => service.stop());

test("an_alert_arrives_without_reloading_and_a_silent_desk_looks_silent", async () => {
  const one = await person("duty-01");
  const { page } = one;
  await page.locator("header").getByText("Sound is off").waitFor();
  const known = new Set((await alerts(one)).map(({ id }) => id));
  await page.locator("[role=grid]").waitFor();
  const fresh = await eventually("a new alert", async () => (await alerts(one)).find(({ id, handling }) => !known.has(id) && handling.status === "new"));
  // Nobody touches the list: the row comes by itself, on top or behind the bar that says so.
  await eventually("its row", async () => ((await page.locator(`[id="alert-${fresh.id}"]`).count()) + (await page.locator(".news").count()) > 0 ? true : undefined));
});

test("an_alert_is_acknowledged_assigned_handled_and_closed_by_keyboard", async () => {
  const one = await person("duty-01");
  const { page } = one;
  await page.locator("[role=row]").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const id = await eventually("an open sheet", async () => new URL(page.url()).searchParams.get("id") ?? undefined);
  const status = async () => (await get<Alert>(one, `/alerts/${id}`)).handling.status;
  const becomes = (wanted: string) => eventually(wanted, async () => ((await status()) === wanted ? true : undefined));
  // The page knows of its own step, and takes keys again.
  const settled = async () => {
    await page.locator(".el-dialog:visible").waitFor({ state: "detached" });
    await page.locator(".sheet").getByText("duty-01").first().waitFor();
  };
  await page.keyboard.press("a");
  await becomes("acknowledged");
  await page.getByText("s to undo").waitFor();
  await page.keyboard.press("s");
  await page.locator("[role=dialog] input:visible").first().fill("duty-02");
  await page.keyboard.press("Control+Enter");
  await eventually("assigned", async () => ((await get<{ handling: { assignee: string } }>(one, `/alerts/${id}`)).handling.assignee === "duty-02" ? true : undefined));
  await settled();
  await page.keyboard.press("h");
  await page.locator("[role=dialog] label:visible").first().click();
  await page.keyboard.press("Control+Enter");
  await becomes("handled");
  await settled();
  await page.keyboard.press("e");
  await page.locator("[role=dialog] textarea:visible").first().fill("归档");
  await page.keyboard.press("Control+Enter");
  await page.locator(".el-message-box:visible").waitFor();
  await page.keyboard.press("Enter");
  await becomes("closed");
  const timeline = await get<{ items: { action: string; by: string }[] }>(one, `/alerts/${id}/timeline`);
  const mine = timeline.items.filter(({ by }) => by === "duty-01").map(({ action }) => action);
  expect(mine).toEqual(["acknowledge", "assign", "handle", "close"]);
});

test("the_evidence_of_an_alert_is_one_archive", async () => {
  const one = await person("duty-01");
  const found = await eventually("an alert", async () => (await alerts(one))[0]);
  await one.page.goto(`/?id=${found.id}`);
  const download = one.page.waitForEvent("download");
  await one.page.locator('a[href$="/evidence.zip"]').first().click();
  const files = unzip(readFileSync(await (await download).path()));
  expect([...files.keys()].some((name) => name.endsWith("alert.json"))).toBe(true);
});

test("the_sheet_of_an_alert_tells_how_far_it_came_to_each_department", async () => {
  const one = await person("duty-01");
  type Delivery = { department: string; state: string; times_sent: number };
  const [found, sent] = await eventually("an alert that was sent", async () => {
    for (const { id } of (await alerts(one)).slice(0, 20)) {
      const { items } = await get<{ items: Delivery[] }>(one, `/alerts/${id}/deliveries`);
      if (items.length > 1 && items.every(({ state }) => state === "delivered")) return [id, items] as const;
    }
    return undefined;
  });
  await one.page.goto(`/?id=${found}&handling=any`);
  const told = one.page.locator(".sheet .delivery");
  await told.first().waitFor();
  // Nobody in the demo owes a receipt: the broker's word is the last.
  for (const text of await told.allInnerTexts()) expect(text).toMatch(/broker took it .*sent 1×.*no receipt is asked for/s);
  expect(await told.count()).toBe(sent.length);
});

test("a_track_is_played_back_in_real_time", async () => {
  const one = await person("duty-01");
  const found = await eventually("an alert of a vehicle with a track", async () => {
    for (const alert of (await alerts(one)).slice(0, 20)) {
      const track = await get<{ items: unknown[] }>(one, `/vehicles/${alert.vehicle.terminal}/track`);
      if (track.items.length > 20) return alert;
    }
    return undefined;
  });
  await one.page.goto(`/playback?terminal=${found.vehicle.terminal}`);
  const slider = one.page.locator("[role=slider]").first();
  await slider.waitFor();
  const before = await slider.getAttribute("aria-valuenow");
  await one.page.keyboard.press("]");
  await one.page.keyboard.press("Space");
  await eventually("the time moves", async () => ((await slider.getAttribute("aria-valuenow")) !== before ? true : undefined));
});

test("the_violations_of_a_vehicle_are_exported_to_a_workbook", async () => {
  const one = await person("duty-01");
  const found = await eventually("an alert", async () => (await alerts(one)).find(({ vehicle }) => vehicle.plate !== ""));
  await one.page.goto(`/dossiers/vehicle/${found.vehicle.terminal}`);
  const download = one.page.waitForEvent("download");
  await one.page.locator('a[href*="violations.xlsx"]').click();
  const rows = sheet(readFileSync(await (await download).path()));
  const mine = await alerts(one, `&terminal=${found.vehicle.terminal}`);
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.slice(1).every((row) => row.includes(found.vehicle.plate))).toBe(true);
  expect(rows.length - 1).toBeLessThanOrEqual(mine.length);
});

test("a_zone_that_is_drawn_alerts_a_vehicle_in_it", async () => {
  const one = await person("admin-01");
  const { page } = one;
  await page.goto("/zones");
  const canvas = page.locator("canvas.maplibregl-canvas");
  await canvas.waitFor();
  // It can be pressed once the map is there.
  await page.locator('[data-draw="polygon"]').click();
  const box = await canvas.boundingBox();
  if (!box) throw new Error("the map has no size");
  // Most of what is seen around Lhasa: some truck with dangerous goods is always in it.
  const corners = [[0.15, 0.2], [0.85, 0.2], [0.85, 0.85], [0.15, 0.85]] as const;
  for (const [x, y] of corners) await page.mouse.click(box.x + box.width * x, box.y + box.height * y, { delay: 60 });
  await page.mouse.click(box.x + box.width * 0.15, box.y + box.height * 0.2, { delay: 60 });
  await page.locator("input[name=id]").fill("drawn-here");
  await page.locator("input[name=name_zh]").fill("新划水源地");
  await page.locator(".form .el-select").first().click();
  await page.getByRole("option", { name: "Water source" }).click();
  await page.locator("input[name=division]").fill("540102");
  await page.locator("textarea[name=note]").fill("试划");
  await page.locator(".form button[type=submit]").click();
  await page.getByText("drawn-here").first().waitFor();
  await eventually("an alert of the zone", async () => (await alerts(one, "&rule=hazmat-zone")).find(({ place }) => place.zone?.id === "drawn-here"));
});

test("an_operator_sees_its_own_and_nothing_of_others", async () => {
  const desk = await person("duty-01");
  const own = service.vehicles()[0]?.operator;
  const theirs = await eventually("an alert of somebody else", async () => (await alerts(desk)).find(({ vehicle }) => vehicle.operator !== own));
  const company = await person("company-01");
  expect((await alerts(company)).filter(({ vehicle }) => vehicle.operator !== own)).toEqual([]);
  const { page } = company;
  for (const path of [`/alerts/${theirs.id}`, `/alerts/${theirs.id}/timeline`, `/vehicles/${theirs.vehicle.terminal}`, `/vehicles/${theirs.vehicle.terminal}/track`]) {
    const answer = await page.request.get(`/api/v1${path}`);
    expect(answer.status(), path).toBe(404);
    expect(await answer.text()).not.toContain(theirs.vehicle.plate);
  }
  await page.goto(`/?id=${theirs.id}&handling=any`);
  await page.locator("[role=grid]").waitFor();
  await page.goto(`/dossiers/vehicle/${theirs.vehicle.terminal}`);
  await page.locator("#content [role=alert]").waitFor();
  expect(await page.locator("#content").innerText()).not.toContain(theirs.vehicle.plate);
  const exported = await page.request.get("/api/v1/exports/violations.csv");
  expect(await exported.text()).not.toContain(theirs.vehicle.plate);
});

test("a_danger_made_of_an_alert_is_closed_by_another_person_than_who_put_it_right", async () => {
  const desk = await person("duty-01");
  const found = await eventually("an alert", async () => (await alerts(desk))[0]);
  await desk.page.goto(`/dangers?alerts=${found.id}`);
  await desk.page.locator("[role=dialog] input[name=title]").fill("连续超速未整改");
  await desk.page.locator("[role=dialog] button[type=submit]").click();
  const danger = await eventually("the entry", async () => (await get<{ items: { id: string; source: { alert_ids: string[] } }[] }>(desk, "/dangers")).items[0]);
  expect(danger.source.alert_ids).toEqual([found.id]);
  const act = async (one: Person, body: Record<string, string>) => (await one.page.request.post(`/api/v1/dangers/${danger.id}/actions`, { headers: { "X-CSRF": "1" }, data: body })).status();
  const due_at = new Date(Date.now() + 86_400_000).toISOString();
  expect(await act(desk, { action: "assign", unit: "某运输公司", due_at })).toBe(200);
  expect(await act(desk, { action: "request-close", measures: "已培训驾驶员" })).toBe(200);
  const leader = await person("leader-01");
  await leader.page.goto(`/dangers?id=${danger.id}`);
  await leader.page.getByRole("button", { name: "Inspect and close" }).click();
  await leader.page.locator(".form textarea").fill("现场核查,已整改");
  await leader.page.locator(".form button[type=submit]").click();
  await eventually("it is closed", async () => ((await get<{ status: string }>(leader, `/dangers/${danger.id}`)).status === "closed" ? true : undefined));
});
