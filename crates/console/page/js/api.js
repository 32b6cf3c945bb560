// The HTTP interface. A refusal is an exception that carries the problem document.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

async function call(method, path, body) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-csrf"] = "1";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { title: "无法连接服务器 The server can't be reached" });
  }
  if (answer.status === 204) return null;
  const parsed = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, parsed);
  return parsed;
}

export const get = (path, query = []) => {
  const text = new URLSearchParams(query).toString();
  return call("GET", text ? `${path}?${text}` : path);
};
/** Every page of a list, up to `pages`. */
export async function all(path, query, pages = 10) {
  const items = [];
  let cursor = null;
  for (let n = 0; n < pages; n += 1) {
    const page = await get(path, [...query, ["limit", 1000], ...(cursor ? [["cursor", cursor]] : [])]);
    items.push(...page.items);
    cursor = page.next;
    if (!cursor) break;
  }
  return items;
}

export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);
