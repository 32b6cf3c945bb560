/**
 * How long after a department has an alert does the desk see it? From the moment `mosquitto_sub` has the message to the moment its row is
 * in the document, and to the frame after that; one machine, one clock.
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { loadavg } from "node:os";
import { expect, test } from "vitest";
import { Person, Service } from "./harness";
import { Terminal } from "./terminal";

const ALERTS = 240;
const EVERY_MS = 250;

declare global {
  interface Window {
    rows: Record<string, [inDocument: number, painted: number]>;
  }
}

const share = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
const told = (name: string, times: number[]) => {
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`${name}: p50 ${share(sorted, 0.5)} ms, p99 ${share(sorted, 0.99)} ms, min ${sorted[0]} ms, max ${sorted.at(-1)} ms, ${sorted.length} alerts`);
};

test("from_the_message_of_a_department_to_the_row_on_the_screen", async () => {
  const service = await Service.serve(null, '[[mqtt.accounts]]\nname = "police"\npassword = "police-at-the-desk"\ndepartment = "police"\n');
  service.addUser("duty-01", "duty");
  const published = new Map<string, number>();
  const args = ["-h", "127.0.0.1", "-p", String(service.ports.mqtt), "-u", "police", "-P", "police-at-the-desk", "-q", "1", "-t", "roadwarden/v1/alerts/police/#", "-F", "%U %p"];
  const subscriber = spawn("mosquitto_sub", args, { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: subscriber.stdout }).on("line", (line) => {
    const [at = "", ...rest] = line.split(" ");
    const { id } = JSON.parse(rest.join(" ")) as { id: string };
    if (!published.has(id)) published.set(id, Number(at) * 1000);
  });
  const one = await Person.at(service, { width: 1920, height: 1080 });
  await one.page.addInitScript(() => {
    window.rows = {};
    const clock = () => performance.timeOrigin + performance.now();
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          if (!(node instanceof Element)) continue;
          for (const row of [node, ...node.querySelectorAll("[id^=alert-]")]) {
            const id = row.id.startsWith("alert-") ? row.id.slice(6) : "";
            if (id === "" || window.rows[id]) continue;
            const times: [number, number] = (window.rows[id] = [clock(), 0]);
            requestAnimationFrame(() => setTimeout(() => (times[1] = clock())));
          }
        }
      }
    }).observe(document, { childList: true, subtree: true });
  });
  await one.signIn("duty-01");
  await one.page.goto("/?sort=age&handling=any");
  await one.page.locator(".table > [role=grid]").waitFor();
  const terminals: Terminal[] = [];
  for (const { terminal = "", plate = "" } of service.vehicles().filter((_, place) => place < ALERTS)) terminals.push(await Terminal.start(service.ports.gateway, terminal, plate));
  const before = loadavg();
  for (const [place, terminal] of terminals.entries()) {
    await terminal.callForHelp(91 + place * 0.001, 29.65);
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
  await expect.poll(() => published.size, { timeout: 60_000 }).toBeGreaterThanOrEqual(Math.min(ALERTS, terminals.length));
  await one.page.waitForTimeout(3000);
  const rows = await one.page.evaluate(() => window.rows);
  const seen = [...published].filter(([id]) => rows[id]);
  told("row in the document after the message", seen.map(([id, at]) => Math.round(((rows[id]?.[0] ?? NaN) - at) * 10) / 10));
  told("row painted after the message", seen.map(([id, at]) => Math.round(((rows[id]?.[1] ?? NaN) - at) * 10) / 10));
  console.log(`${published.size} messages, ${Object.keys(rows).length} rows; load average ${before.map((load) => load.toFixed(1)).join(" ")}`);
  expect(seen.length).toBeGreaterThanOrEqual(200);
  expect(one.wrongs()).toEqual([]);
  for (const terminal of terminals) terminal.end();
  subscriber.kill();
  await one.leave();
  await service.stop();
});
