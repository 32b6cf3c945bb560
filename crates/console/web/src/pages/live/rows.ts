/** The tree of divisions, operators and vehicles as rows of one list, so that only what is seen is drawn. */

import type { DivisionBranch, OperatorBranch, Vehicle } from "./api";

export type TreeRow =
  | { kind: "division"; key: string; level: 0; branch: DivisionBranch; isOpen: boolean }
  | { kind: "operator"; key: string; level: 1; branch: OperatorBranch; division: string; isOpen: boolean }
  | { kind: "vehicle"; key: string; level: 2; vehicle: Vehicle }
  | { kind: "wait"; key: string; level: 2 };

/** Where vehicles of an operator in a division are kept, and which branches are open. */
export const branchKey = (division: string, operator?: string): string => (operator === undefined ? division : `${division}/${operator}`);

const RANK: Record<string, number> = { critical: 4, major: 3, minor: 2, info: 1 };

/** Vehicles with the worst alerts first, then those online, then by plate. */
export function inOrder(vehicles: readonly Vehicle[]): Vehicle[] {
  const rank = ({ worst_open }: Vehicle) => RANK[worst_open ?? ""] ?? 0;
  return [...vehicles].sort((a, b) => rank(b) - rank(a) || Number(b.online) - Number(a.online) || (a.plate || a.terminal).localeCompare(b.plate || b.terminal, "zh"));
}

export function rowsOf(tree: readonly DivisionBranch[], open: ReadonlySet<string>, vehicles: ReadonlyMap<string, readonly Vehicle[]>): TreeRow[] {
  const rows: TreeRow[] = [];
  for (const division of tree) {
    const key = branchKey(division.division);
    const isOpen = open.has(key);
    rows.push({ kind: "division", key, level: 0, branch: division, isOpen });
    if (!isOpen) continue;
    for (const operator of division.operators) {
      const inner = branchKey(division.division, operator.operator);
      const isInnerOpen = open.has(inner);
      rows.push({ kind: "operator", key: inner, level: 1, branch: operator, division: division.division, isOpen: isInnerOpen });
      if (!isInnerOpen) continue;
      const known = vehicles.get(inner);
      if (!known) rows.push({ kind: "wait", key: `${inner}/…`, level: 2 });
      for (const vehicle of known ?? []) rows.push({ kind: "vehicle", key: `${inner}/${vehicle.terminal}`, level: 2, vehicle });
    }
  }
  return rows;
}
