/** Requests to the interface of this service; what it refuses is thrown as a `Problem`. */

import { ref } from "vue";
import type { components } from "../../types/schema";

export type Schemas = components["schemas"];

/** `application/problem+json` (RFC 9457), with what the answer carried besides. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined | (string | number)[]>;

/** Set when the session has ended: the shell shows the sign-in over what is there. */
export const signedOut = ref(false);

const PATIENCE_MS = 35_000;

/** `?a=1&a=2`; empty values are left out. */
export function search(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined && one !== "") params.append(key, String(one));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export type Options = { headers?: Record<string, string>; signal?: AbortSignal };

async function send(method: string, path: string, body: unknown, { headers = {}, signal }: Options): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const init: RequestInit = { method, headers: { ...headers }, signal: signal ? AbortSignal.any([signal, patience]) : patience };
  if (method !== "GET") Object.assign(init.headers as object, { "X-CSRF": "1" });
  if (body !== undefined) {
    Object.assign(init.headers as object, { "Content-Type": "application/json" });
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "unreachable", "unreachable", {});
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const code = String(told.type ?? "").split(":").at(-1) || String(response.status);
  if (response.status === 401 && !path.startsWith("/session")) signedOut.value = true;
  throw new Problem(response.status, code, String(told.detail ?? told.title ?? response.status), told);
}

async function json<T>(method: string, path: string, body: unknown, options: Options = {}): Promise<T> {
  const response = await send(method, path, body, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string, query?: Query, options?: Options): Promise<T> => json("GET", path + search(query), undefined, options);
export const post = <T>(path: string, body?: unknown, options?: Options): Promise<T> => json("POST", path, body ?? {}, options);
export const put = <T>(path: string, body?: unknown, options?: Options): Promise<T> => json("PUT", path, body ?? {}, options);
export const remove = <T = void>(path: string, options?: Options): Promise<T> => json("DELETE", path, undefined, options);

/** An answer with its `ETag`, for what is written back with `If-Match`. */
export async function getTagged<T>(path: string): Promise<{ value: T; tag: string | null }> {
  const response = await send("GET", path, undefined, {});
  return { value: (await response.json()) as T, tag: response.headers.get("etag") };
}

export type Page<T> = { items: T[]; next: string | null };

/** All pages of a list up to `most` items. */
export async function all<T>(path: string, query: Query = {}, most = 20_000, options?: Options): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await get(path, { limit: 1000, ...query, cursor }, options);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}
