/** Differences for a person: how many of each kind, and in which records. */

import type { Difference, Standing } from "../repository/fold/record_difference.ts";

/** What is different, in a few words. */
export function kindOf({ from, to, row, hasPlace, columns }: Difference): string {
  const [before, after] = [textOf(from), textOf(to)];
  if (before !== after) return `${before} → ${after}`;
  if (row === "missing") return "applied, and has no live row";
  if (row === "unexpected") return `${before}, and has a live row`;
  if (hasPlace) return "a place in the record";
  return `columns ${columns.join(", ")}`;
}

function textOf({ state, reason }: Standing): string {
  return reason === null ? state : `${state} (${reason})`;
}

/** Counts by kind, most first. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(kind: string, count = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    this.#total += count;
  }

  byKind(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([, a], [, b]) => b - a));
  }

  lines(): string[] {
    return Object.entries(this.byKind()).map(([kind, count]) => `  ${count}  ${kind}`);
  }
}
