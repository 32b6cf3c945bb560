// The live feed: one stream of server-sent events, and the word about how fresh it is.
import { $ } from "./dom.js";
import { follow } from "./time.js";

/** Seconds without a word after which the desk must know; the server speaks every 2 s. */
const SILENT_S = 7;

export function start(handlers) {
  let heard = Date.now();
  const source = new EventSource("/api/v1/live");
  const on = (name, handle) => source.addEventListener(name, (event) => {
    heard = Date.now();
    handle(JSON.parse(event.data));
  });
  on("alert", handlers.alert);
  on("vehicle", handlers.vehicle);
  on("handling", handlers.handling);
  on("summary", (summary) => { follow(summary.at); handlers.summary(summary); });
  on("resync", handlers.resync);
  let down = false;
  source.addEventListener("open", () => { if (down) handlers.resync(); down = false; });
  source.addEventListener("error", () => {
    down = true;
    if (source.readyState === EventSource.CLOSED) handlers.refused();
  });
  setInterval(() => {
    const silent = Math.round((Date.now() - heard) / 1000);
    $("link").hidden = silent < SILENT_S;
    if (silent >= SILENT_S) $("link").textContent = `⚠ ${silent} 秒没有数据,屏幕不是最新 · No data for ${silent} s: this screen is not current`;
  }, 1000);
}
