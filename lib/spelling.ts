/** Finds the word that a mistyped word may mean. */

/** The word with the fewest edits; of several, the first. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const count = edits(word, candidate);
    if (count < least) [best, least] = [candidate, count];
  }
  return best;
}

/** ` (did you mean …?)` when a word, or its beginning, is similar enough; otherwise nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const begun = known.filter((candidate) => word.length > 1 && candidate.startsWith(word));
  const [only] = begun.length === 1 ? begun : [];
  const near = only ?? nearest(word, known);
  if (near === undefined) return "";
  const isNear = near === only || edits(word, near) <= Math.max(1, Math.floor(near.length / 3));
  return isNear ? ` (did you mean ${near}?)` : "";
}

/** Letters to add, remove, replace, or swap with their neighbour: one row at a time. */
export function edits(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swap = i > 1 && j > 1 && isSwap ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replace, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
