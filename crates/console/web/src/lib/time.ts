/** Times on screen: always China Standard Time, whatever zone the browser is in. */

const OFFSET_MS = 8 * 3600_000;
const pad = (number: number, width = 2) => String(number).padStart(width, "0");

let ahead = 0;

/** The service's clock: a wall PC whose clock is off still shows the right time. */
export function follow(at: string): void {
  ahead = Date.parse(at) - Date.now();
}

/** Milliseconds since 1970 by the service's clock. */
export const now = (): number => Date.now() + ahead;

/** A date whose UTC fields are the wall clock of UTC+8. */
const wall = (at: string | number): Date => new Date((typeof at === "number" ? at : Date.parse(at)) + OFFSET_MS);

/** `2026-01-01` */
export function day(at: string | number): string {
  const date = wall(at);
  return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
}

/** `08:00:10` */
export function clock(at: string | number): string {
  const date = wall(at);
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
}

/** `2026-01-01 08:00:10`, or the clock alone where it is today. */
export const stamp = (at: string | number): string => (day(at) === day(now()) ? clock(at) : `${day(at)} ${clock(at)}`);

/** `2026-01-01 08:00:10` */
export const fullStamp = (at: string | number): string => `${day(at)} ${clock(at)}`;

/** RFC 3339 with `+08:00`, as the interface takes it. */
export const rfc3339 = (ms: number): string => `${day(ms)}T${clock(ms)}.${pad(wall(ms).getUTCMilliseconds(), 3)}+08:00`;

/** Midnight in UTC+8 of the day that holds `ms`. */
export const midnight = (ms: number): number => Math.floor((ms + OFFSET_MS) / 86_400_000) * 86_400_000 - OFFSET_MS;

/** `1 h 05 min`, `4 min 10 s`, `12 s` */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${pad(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${pad(whole % 60)} s` : `${whole} s`;
}

/** How old something is, in one unit: `12 s`, `5 min`, `3 h`, `2 d`. */
export function age(at: string | number): string {
  const seconds = Math.max(0, Math.round((now() - (typeof at === "number" ? at : Date.parse(at))) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** A picker of Element Plus gives the browser's local date; this reads its fields as UTC+8. */
export const fromPicker = (date: Date): number =>
  Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()) - OFFSET_MS;

/** The other way: a local date whose fields are the wall clock of UTC+8. */
export function toPicker(ms: number): Date {
  const date = wall(ms);
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds());
}
