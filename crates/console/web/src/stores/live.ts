/**
 * The live feed. One stream of server-sent events a browser, not one a tab: browsers open six connections to a host at
 * most. The tab that holds the lock listens and tells the others; when it closes, the next takes over.
 */

import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { follow } from "../lib/time";

/** Seconds without a word after which a desk must know; the service speaks every 2 s. */
const SILENT_S = 7;
const EVENTS = ["alert", "handling", "vehicle", "command", "danger", "summary", "resync"] as const;
const PATH = "/api/v1/live?topics=alerts,commands,dangers,handling,summary";

export type EventName = (typeof EVENTS)[number];
export type Summary = {
  at: string;
  open: Record<string, number>;
  unacknowledged?: Record<string, number>;
  vehicles_online: number;
  vehicles_total: number;
};
// biome-ignore lint: what a handler takes is known where it is registered
type Handler = (data: any) => void;

export const useLive = defineStore("live", () => {
  const summary = ref<Summary | null>(null);
  const silentSeconds = ref(0);
  /** Whether what the screen shows may be old. */
  const isSilent = computed(() => silentSeconds.value >= SILENT_S);
  const handlers = new Map<EventName, Set<Handler>>();
  const channel = new BroadcastChannel("roadwarden.live");
  let heardAt = Date.now();
  let leave: (() => void) | null = null;
  let watch: ReturnType<typeof setInterval> | undefined;

  function hear(name: EventName, data: unknown): void {
    heardAt = Date.now();
    silentSeconds.value = 0;
    if (name === "summary") {
      summary.value = data as Summary;
      follow(summary.value.at);
    }
    for (const handle of handlers.get(name) ?? []) handle(data);
  }

  /** Calls `handle` for each event until the function it returns is called. `resync` means: ask anew, some were missed. */
  function on(name: EventName, handle: Handler): () => void {
    if (!handlers.has(name)) handlers.set(name, new Set());
    handlers.get(name)?.add(handle);
    return () => handlers.get(name)?.delete(handle);
  }

  function lead(): Promise<void> {
    return new Promise((done) => {
      const source = new EventSource(PATH);
      let wasDown = false;
      const tell = (name: EventName, data: unknown) => {
        channel.postMessage([name, data]);
        hear(name, data);
      };
      for (const name of EVENTS) source.addEventListener(name, (event) => tell(name, JSON.parse((event as MessageEvent<string>).data)));
      source.addEventListener("error", () => {
        wasDown = true;
        // Refused for good, as after the session ended: the shell asks who we are.
        if (source.readyState === EventSource.CLOSED) tell("resync", { reason: "closed" });
      });
      source.addEventListener("open", () => {
        if (wasDown) tell("resync", { reason: "reconnected" });
        wasDown = false;
      });
      leave = () => {
        source.close();
        done();
      };
    });
  }

  function start(): void {
    if (watch) return;
    channel.onmessage = ({ data }: MessageEvent<[EventName, unknown]>) => hear(...data);
    watch = setInterval(() => (silentSeconds.value = Math.round((Date.now() - heardAt) / 1000)), 1000);
    const stopping = new AbortController();
    leave = () => stopping.abort();
    // Browsers lend locks to safe origins only (https, this machine): elsewhere each tab listens for itself.
    if ("locks" in navigator) void navigator.locks.request("roadwarden.live", { signal: stopping.signal }, lead).catch(() => undefined);
    else void lead();
  }

  function stop(): void {
    clearInterval(watch);
    watch = undefined;
    leave?.();
    leave = null;
    summary.value = null;
  }

  return { summary, silentSeconds, isSilent, on, start, stop };
});
