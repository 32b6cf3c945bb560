// Every time on the page is China Standard Time, whatever zone the browser is set to.

const OFFSET_MS = 8 * 3600_000;
let aheadMs = 0;

/** Takes the server's clock as ours, so that ages are right on a desk whose clock is wrong. */
export function follow(serverTime) {
  aheadMs = Date.parse(serverTime) - Date.now();
}

export const now = () => Date.now() + aheadMs;
const iso = (ms) => new Date(ms + OFFSET_MS).toISOString();
export const date = (ms) => iso(ms).slice(0, 10);
export const clock = (ms) => iso(ms).slice(11, 19);
export const minute = (ms) => iso(ms).slice(11, 16);
export const stamp = (time) => {
  const ms = Date.parse(time);
  return date(ms) === date(now()) ? clock(ms) : `${iso(ms).slice(5, 10)} ${clock(ms)}`;
};
export const rfc3339 = (ms) => `${iso(ms).slice(0, 23)}+08:00`;

/** How long ago, short: 5s, 3m, 2h, 4d. */
export function age(time) {
  const seconds = Math.max(0, (now() - Date.parse(time)) / 1000);
  return span(seconds < 60 ? seconds : Math.floor(seconds / 60) * 60);
}

export function span(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s < 600 && s % 60 ? ` ${s % 60} s` : ""}`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d`;
}
