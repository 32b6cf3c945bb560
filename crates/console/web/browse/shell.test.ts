import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Person, Service } from "./harness";

let service: Service;
const people: Person[] = [];

async function person(options = {}): Promise<Person> {
  const one = await Person.at(service, options);
  people.push(one);
  return one;
}

beforeAll(async () => {
  service = await Service.start();
  service.addUser("duty-01", "duty");
  service.addUser("admin-01", "admin");
});
afterEach(async () => {
  for (const one of people) expect(one.wrongs()).toEqual([]);
  while (people.length > 0) await people.pop()?.leave();
});
afterAll(() => service.stop());

test("the_printed_link_signs_in_once_and_says_so_when_it_is_used_up", async () => {
  const first = await person();
  await first.page.goto(`/?ticket=${service.ticket}`);
  await first.page.locator("header .brand").waitFor();
  expect(new URL(first.page.url()).search).toBe("");
  const second = await person();
  await second.page.goto(`/?ticket=${service.ticket}`);
  await second.page.getByText("one-time link was used").waitFor();
});

test("a_wrong_password_is_refused_in_words", async () => {
  const { page } = await person();
  await page.goto("/");
  await page.locator("input[name=name]").fill("duty-01");
  await page.locator("input[name=password]").fill("wrong");
  await page.locator("form button[type=submit]").click();
  await page.getByRole("alert").getByText("The name or the password is wrong").waitFor();
});

test("the_clock_is_in_utc_plus_8_in_a_browser_of_another_zone", async () => {
  const one = await person();
  await one.signIn("duty-01");
  const shown = (await one.page.locator("header time").textContent()) ?? "";
  const wanted = new Date(Date.now() + 8 * 3600_000).toISOString();
  expect(shown).toContain(wanted.slice(0, 10));
  expect(Math.abs(Date.parse(`${shown.trim().replace(/\s+/, "T")}Z`) - Date.parse(wanted))).toBeLessThan(30_000);
});

/** Every language and both themes; a page that fits in one theme fits in the other. */
const LOOKS = [["zh", "dark"], ["en", "light"], ["both", "dark"], ["both", "light"]] as const;
const SIZES = [[1920, 1080], [1366, 768], [390, 844]] as const;

test.each(SIZES)("every_place_opens_at_%i_by_%i_in_each_language_and_theme", async (width, height) => {
  const one = await person({ width, height });
  await one.signIn("admin-01");
  const { page } = one;
  const places = await page.locator("nav a").evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
  expect(places.length).toBeGreaterThan(3);
  for (const [language, theme] of LOOKS) {
    await page.evaluate(([language, theme]) => {
      localStorage.setItem("roadwarden.language", language ?? "");
      localStorage.setItem("roadwarden.theme", theme ?? "");
    }, [language, theme]);
    for (const place of places) {
      await page.goto(place);
      await page.locator("#content").waitFor();
      // Something stands there, and nothing has to be looked for by scrolling sideways.
      await page.waitForFunction(() => (document.querySelector("#content")?.textContent ?? "").trim().length > 3);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `${place} ${language} ${theme}: wider than the window`).toBeLessThanOrEqual(0);
      expect(one.wrongs(), `${place} ${language} ${theme}`).toEqual([]);
    }
  }
});
