/** The detail of an audit entry: a text, or members of JSON without those that say nothing. */

const isEmpty = (value: unknown) => value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
const shown = (value: unknown): string => (Array.isArray(value) ? value.map(shown).join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value));

export function detail(text: string): string {
  if (!text.startsWith("{")) return text;
  try {
    const members = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(([, value]) => !isEmpty(value));
    return members.map(([key, value]) => `${key}: ${shown(value)}`).join(" · ");
  } catch {
    // Cut short by its bound: as it stands.
    return text;
  }
}
