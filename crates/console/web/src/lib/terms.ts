/** Identifiers of the interface in the order people expect them, and shares as they read them. */

/** Worst first. */
export const SEVERITIES = ["critical", "major", "minor", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];
export const DEPARTMENTS = ["police", "transport", "emergency", "ecology", "education"] as const;

export const percent = (share: number | null): string => (share === null ? "—" : `${(share * 100).toFixed(1)} %`);
