/** What a browser calls itself, short enough to be recognised: `Edge 130 · Windows`. */

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/QQBrowser\/(\d+)/, "QQBrowser"],
  [/Firefox\/(\d+)/, "Firefox"],
  [/(?:Headless)?Chrome\/(\d+)/, "Chrome"],
  [/Version\/(\d+).*Safari/, "Safari"],
];
/** Phones first: they name what they stem from as well. */
const SYSTEMS: readonly [RegExp, string][] = [
  [/OpenHarmony|HarmonyOS/, "HarmonyOS"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

export function agent(text: string): string {
  const browser = BROWSERS.map(([pattern, name]) => [text.match(pattern), name] as const).find(([found]) => found);
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  const parts = [browser && `${browser[1]} ${browser[0]?.[1]}`, system].filter(Boolean);
  return parts.length > 0 ? parts.join(" · ") : text;
}
