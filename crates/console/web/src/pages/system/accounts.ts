/** Accounts as the interface gives and takes them. */

export type User = { name: string; role: string; department: string | null; operators: string[]; divisions: string[] };
export type Token = User & { created_at: string | null; created_by: string | null };
export type SessionRow = { id: string; name: string; started_at: string; expires_at: string; address: string; agent: string; current: boolean };

export const ROLES = ["duty", "supervisor", "department", "police", "operator", "analyst", "admin", "auditor"];

/** Ids as they are typed: parted by blanks or commas of either script. */
export const ids = (text: string): string[] => text.split(/[\s,,、;;]+/).filter((id) => id !== "");

export const emptyUser = (): User => ({ name: "", role: "duty", department: null, operators: [], divisions: [] });
