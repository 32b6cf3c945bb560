import { expect, test } from "vitest";
import { agent } from "./agent";

test("a_browser_is_named_with_its_system", () => {
  const check = (text: string, expected: string) => expect(agent(text)).toBe(expected);
  check("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", "Edge 130 · Windows");
  check("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36", "Chrome 129 · Android");
  check("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17 · iOS");
  check("curl/8.5.0", "curl/8.5.0");
});
