import { createHmac } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, Person, Service } from "./harness";

let service: Service;

beforeAll(async () => {
  // Under 等保2.0 a password that somebody else chose is changed first, and everybody has a second factor.
  service = await Service.serve(null, 'behind_tls = true\n\n[access]\nprofile = "dengbao3"\n');
  for (const name of ["duty-01", "new-01"]) service.addUser(name, "duty");
});
afterAll(() => service.stop());

const STEP_MS = 30_000;

/** What an authenticator app shows so many steps from now (RFC 6238). */
function shown(secret: string, steps = 0): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + steps));
  const tag = createHmac("sha1", key).update(step).digest();
  const word = tag.readUInt32BE((tag.at(-1) ?? 0) & 15) & 0x7fff_ffff;
  return String(word % 1_000_000).padStart(6, "0");
}

/** Known to nobody else. */
const OWN = "Another long enough password";

test("a_password_of_somebody_elses_choice_is_changed_before_anything_else", async () => {
  const one = await Person.at(service, {});
  const { page } = one;
  await one.giveName("new-01");
  await page.getByText("somebody else's choice: change it first").waitFor();
  expect(await page.locator("nav a").count()).toBe(0);
  await changePassword(page, "Not the same password");
  await page.getByRole("alert").getByText("not the same").waitFor();
  await changePassword(page, OWN);
  // Next is what else the profile wants.
  await page.getByText("Your role needs a second factor").waitFor();
  await page.context().clearCookies();
  await one.giveName("new-01");
  await page.getByRole("alert").getByText("The name or the password is wrong").waitFor();
  await one.giveName("new-01", OWN);
  await page.getByText("Your role needs a second factor").waitFor();
  expect(one.wrongs()).toEqual([]);
  await one.leave();
});

async function changePassword(page: Page, again: string): Promise<void> {
  const fields = page.locator("[role=dialog] input");
  for (const [place, text] of [PASSWORD, OWN, again].entries()) await fields.nth(place).fill(text);
  await page.locator("[role=dialog] button[type=submit]").click();
}

test("a_second_factor_is_set_up_and_asked_for_and_a_code_on_paper_signs_in", async () => {
  const one = await Person.at(service, {});
  const { page } = one;
  await one.giveName("duty-01");
  await page.getByText("somebody else's choice: change it first").waitFor();
  await changePassword(page, OWN);
  const sheet = page.locator(".factor");
  await sheet.locator("input[type=password]").fill(OWN);
  await sheet.locator("button[type=submit]").click();
  await sheet.locator("img").waitFor();
  // The picture is drawn under the page's own policy.
  expect(await sheet.locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
  const secret = (await sheet.locator(".secret").textContent()) ?? "";
  await sheet.locator("input").fill(shown(secret));
  await sheet.locator("button[type=submit]").click();
  await sheet.locator(".codes li").first().waitFor();
  const codes = await sheet.locator(".codes li").allTextContents();
  expect(codes.length).toBe(10);
  await sheet.getByText("I have kept them").click();
  await page.locator("header .brand").waitFor();
  await page.locator("header button.tool").last().click();
  await page.getByText("Account and security").click();
  await sheet.getByText("10 codes on paper left").waitFor();

  const other = await Person.at(service, {});
  await other.giveName("duty-01", OWN);
  const code = other.page.locator("input[name=code]");
  await code.fill("000000");
  await other.page.locator("form button[type=submit]").click();
  await other.page.getByText("The code is wrong or was used").waitFor();
  await code.fill(codes[0] ?? "");
  await other.page.locator("form button[type=submit]").click();
  await other.page.locator("header .brand").waitFor();

  // By the app: the code that set it up is used, the next one is not, and a phone's clock may be ahead by a step.
  await other.context.clearCookies();
  await other.giveName("duty-01", OWN);
  await code.waitFor();
  expect(await code.evaluate((input) => input === document.activeElement), "the code's field has the focus").toBe(true);
  const next = shown(secret, 1);
  await code.fill(next);
  await other.page.locator("form button[type=submit]").click();
  await other.page.locator("header .brand").waitFor();
  await other.context.clearCookies();
  await other.giveName("duty-01", OWN);
  await code.fill(next);
  await other.page.locator("form button[type=submit]").click();
  await other.page.getByText("The code is wrong or was used").waitFor();
  expect([...one.wrongs(), ...other.wrongs()]).toEqual([]);
  await one.leave();
  await other.leave();
});
