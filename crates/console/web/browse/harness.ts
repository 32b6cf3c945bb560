/** The real program and a real browser. What a page may never do is recorded on every page and asserted after each test. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const BINARY = process.env.ROADWARDEN_BINARY ?? "";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Software rendering, and nothing that a browser asks of the internet by itself. */
const FLAGS = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--use-gl=angle", "--use-angle=swiftshader",
];
/** Good under every profile. */
export const PASSWORD = "A long enough password";
/** For what has to come; a machine that is busy is no failure. */
export const PATIENCE_MS = 60_000;

/** What `ask` gives once it gives something; fails when that takes longer than `patienceMs`. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, patienceMs = PATIENCE_MS): Promise<T> {
  const until = Date.now() + patienceMs;
  while (Date.now() < until) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`never: ${what}`);
}

/** `roadwarden demo`, or `serve` over what a demo left, in a folder of its own. */
export class Service {
  private constructor(
    readonly address: string,
    readonly ticket: string,
    private readonly home: string,
    private readonly program: ChildProcess,
  ) {}

  static async start(): Promise<Service> {
    if (!BINARY) throw new Error("ROADWARDEN_BINARY names no program; expected the path of a built roadwarden");
    const home = mkdtempSync(join(tmpdir(), "roadwarden-browse-"));
    const ports = ["http", "gateway", "attachments", "mqtt"].flatMap((port) => [`--${port}`, "127.0.0.1:0"]);
    const program = spawn(BINARY, ["demo", "--data-dir", home, ...ports], { stdio: ["ignore", "pipe", "inherit"] });
    const [, address, ticket] = await greeting(program);
    return new Service(`http://${address}`, ticket ?? "", home, program);
  }

  /**
   * What `roadwarden demo` leaves after `duration`, or the demo's reference data alone, served by `roadwarden serve` with more
   * settings, which go on with its last table, `[http]`. No vehicle drives, so that what stands there stays as it is.
   */
  static async serve(duration: string | null, settings: string): Promise<Service> {
    const home = mkdtempSync(join(tmpdir(), "roadwarden-browse-"));
    if (duration === null) cpSync(join(import.meta.dirname, "..", "..", "..", "..", "seeds"), join(home, "seeds"), { recursive: true });
    else await leaveDemo(home, duration);
    const [http, gateway, mqtt] = [await freePort(), await freePort(), await freePort()];
    const config = readFileSync(join(home, "seeds", "roadwarden.toml"), "utf8")
      .replace(/^data_dir = .*$/m, 'data_dir = "../data"')
      .replace(/"127\.0\.0\.1:8080"/, `"127.0.0.1:${http}"`)
      .replace(/"127\.0\.0\.1:6808"/, `"127.0.0.1:${gateway}"`)
      .replace(/"127\.0\.0\.1:1883"/, `"127.0.0.1:${mqtt}"`)
      .replace(/"127\.0\.0\.1:6809"/, '"127.0.0.1:0"');
    writeFileSync(join(home, "seeds", "roadwarden.toml"), `${config}\n${settings}`);
    const program = spawn(BINARY, ["serve", "--config", join(home, "seeds", "roadwarden.toml")], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    program.stderr?.on("data", (piece: Buffer) => (said += piece.toString()));
    const address = `http://127.0.0.1:${http}`;
    const until = Date.now() + PATIENCE_MS;
    while (!(await fetch(`${address}/readyz`).then((answer) => answer.ok, () => false))) {
      if (program.exitCode !== null || Date.now() > until) throw new Error(`roadwarden serve is not ready (${program.exitCode}):\n${said}`);
      await new Promise((done) => setTimeout(done, 100));
    }
    const service = new Service(address, "", home, program);
    service.ports = { gateway, mqtt };
    return service;
  }

  /** An account made while the service runs, as an administrator would at the command line. */
  addUser(name: string, role: string, ...more: string[]): void {
    const config = join(this.home, "seeds", "accounts.toml");
    const seeds = readFileSync(join(this.home, "seeds", "roadwarden.toml"), "utf8");
    writeFileSync(config, seeds.replace(/^data_dir = .*$/m, 'data_dir = "../data"'));
    execFileSync(BINARY, ["user", "--config", config, "add", "--name", name, "--role", role, ...more], { input: PASSWORD });
  }

  /** Where `serve` hears terminals and consumers. */
  ports = { gateway: 0, mqtt: 0 };

  /** What the browser may ask besides the service: tiles of a map. */
  others: string[] = [];

  /** A row of the registry the demo drives. */
  vehicles(): Record<string, string>[] {
    const [head = "", ...rows] = readFileSync(join(this.home, "seeds", "vehicles.csv"), "utf8").trim().split("\n");
    const keys = head.split(",");
    return rows.map((row) => Object.fromEntries(row.split(",").map((value, place) => [keys[place] ?? "", value])));
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.program.once("exit", done));
    this.program.kill("SIGTERM");
    await ended;
    rmSync(this.home, { recursive: true, force: true });
  }
}

function greeting(program: ChildProcess): Promise<RegExpMatchArray> {
  return new Promise((found, failed) => {
    let said = "";
    const onData = (piece: Buffer) => {
      said += piece.toString();
      const line = said.match(/http:\/\/([\d.:]+)\/\?ticket=(\w+)/);
      if (!line) return;
      found(line);
    };
    program.stdout?.on("data", onData);
    program.once("exit", (code) => failed(new Error(`roadwarden demo ended with ${code}:\n${said}`)));
  });
}

/** A person at a browser of their own. */
export class Person {
  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    private readonly profile: string,
    private readonly seen: string[],
  ) {}

  static async at(service: Service, options: { width?: number; height?: number; timezone?: string } = {}): Promise<Person> {
    const profile = mkdtempSync(join(tmpdir(), "roadwarden-browser-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS,
      viewport: { width: options.width ?? 1366, height: options.height ?? 768 },
      // Far from UTC+8 on purpose: what is shown must not follow the browser.
      timezoneId: options.timezone ?? "America/New_York",
      baseURL: service.address,
      acceptDownloads: true,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const wrongs: string[] = [];
    const page = context.pages()[0] ?? (await context.newPage());
    page.on("console", (message) => {
      if (message.type() === "error" && !isRefusal(message.text())) wrongs.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => wrongs.push(`error: ${error.stack ?? error.message}`));
    context.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      const isOurs = [service.address, ...service.others].includes(`http://${host}`) || ["data:", "blob:"].includes(protocol);
      if (!isOurs && !`${protocol}//${host}`.startsWith(service.address.replace("http", "ws"))) wrongs.push(`request to ${request.url()}`);
    });
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
    });
    return new Person(page, context, profile, wrongs);
  }

  async giveName(name: string, password = PASSWORD): Promise<void> {
    await this.page.goto("/");
    await this.page.locator("input[name=name]").fill(name);
    await this.page.locator("input[name=password]").fill(password);
    await this.page.locator("form button[type=submit]").click();
  }

  async signIn(name: string): Promise<void> {
    await this.giveName(name);
    await this.page.locator("header .brand").waitFor();
  }

  /** What the page did that no page may do, since the last call. */
  wrongs(): string[] {
    return this.seen.splice(0);
  }

  async leave(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

async function leaveDemo(home: string, duration: string): Promise<void> {
  const ports = ["http", "gateway", "attachments", "mqtt"].flatMap((port) => [`--${port}`, "127.0.0.1:0"]);
  const demo = spawn(BINARY, ["demo", "--data-dir", home, "--duration", duration, ...ports], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(demo, "exit")) as [number | null];
  if (code !== 0) throw new Error(`roadwarden demo ended with ${code}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** Chromium reports each answer of 4xx on the console; whether one is right is for the test to say. */
const isRefusal = (text: string): boolean => /^Failed to load resource: the server responded with a status of 4\d\d/.test(text);
