import { createHmac } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD, Person, Service } from "./harness";

let service: Service;

beforeAll(async () => {
  service = await Service.start();
  service.addUser("duty-01", "duty");
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

/** The first of two steps. */
async function giveName(page: Page): Promise<void> {
  await page.goto("/");
  await page.locator("input[name=name]").fill("duty-01");
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
}

test("a_second_factor_is_set_up_and_asked_for_and_a_code_on_paper_signs_in", async () => {
  const one = await Person.at(service, {});
  await one.signIn("duty-01");
  const { page } = one;
  await page.locator("header button.tool").last().click();
  await page.getByText("Account and security").click();
  const sheet = page.locator(".factor");
  await sheet.locator("input[type=password]").fill(PASSWORD);
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

  const other = await Person.at(service, {});
  await giveName(other.page);
  const code = other.page.locator("input[name=code]");
  await code.fill("000000");
  await other.page.locator("form button[type=submit]").click();
  await other.page.getByText("The code is wrong or was used").waitFor();
  await code.fill(codes[0] ?? "");
  await other.page.locator("form button[type=submit]").click();
  await other.page.locator("header .brand").waitFor();

  // By the app: the code that set it up is used, the next one is not, and a phone's clock may be ahead by a step.
  await other.context.clearCookies();
  await giveName(other.page);
  await code.waitFor();
  expect(await code.evaluate((input) => input === document.activeElement), "the code's field has the focus").toBe(true);
  const next = shown(secret, 1);
  await code.fill(next);
  await other.page.locator("form button[type=submit]").click();
  await other.page.locator("header .brand").waitFor();
  await other.context.clearCookies();
  await giveName(other.page);
  await code.fill(next);
  await other.page.locator("form button[type=submit]").click();
  await other.page.getByText("The code is wrong or was used").waitFor();
  expect([...one.wrongs(), ...other.wrongs()]).toEqual([]);
  await one.leave();
  await other.leave();
});
