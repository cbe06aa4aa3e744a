/**
 * The collections that the operator wants: NSIDs, and prefixes like `app.subcult.*`. Case matters,
 * and so does the dot: `app.subcult.*` covers neither `app.subcult` nor `app.subculture.scene`.
 */

import { isNsid } from "./address.ts";

/** The servers' limit on one subscription. */
const PATTERNS_MAX = 100;

/** Which collections are wanted. */
export interface Wanted {
  /** As the subscription sends them, each once. */
  readonly patterns: readonly string[];
  /** Whether a collection is one of them. */
  matches(collection: string): boolean;
  /** In UTF-8, what a wanted collection begins with when `"` follows it: each prefix, and each name with `"`. */
  readonly beginnings: readonly Uint8Array[];
}

/** What is wrong with one pattern, for a configuration error; null when nothing is. */
export function patternProblem(pattern: string): string | null {
  // Servers want a prefix of at least two labels, which is when one more makes an NSID.
  const nsid = pattern.endsWith(".*") ? `${pattern.slice(0, -1)}x` : pattern;
  if (isNsid(nsid)) return null;
  return `got ${JSON.stringify(pattern.slice(0, 80))}, ` +
    'expected an NSID like "app.subcult.scene" or a prefix like "app.subcult.*"';
}

/** Reads the operator's list. Throws a `RangeError` for one that no server would take. */
export function readWanted(patterns: readonly string[]): Wanted {
  const distinct = [...new Set(patterns)];
  for (const pattern of distinct) {
    const problem = patternProblem(pattern);
    if (problem !== null) throw new RangeError(`cannot use a wanted collection: ${problem}`);
  }
  if (distinct.length === 0 || distinct.length > PATTERNS_MAX) {
    throw new RangeError(
      `cannot use the wanted collections: got ${distinct.length}, expected 1 to ${PATTERNS_MAX}`,
    );
  }
  const names = distinct.filter((pattern) => !pattern.endsWith("*"));
  const prefixes = distinct.filter((p) => p.endsWith("*")).map((p) => p.slice(0, -1));
  return {
    patterns: distinct,
    // Compared one by one: to look it up in a set, its hash took a tenth of a foreign row of the archive.
    matches: (collection) =>
      names.some((name) => collection === name) ||
      prefixes.some((prefix) => collection.startsWith(prefix)),
    beginnings: [...names.map((name) => `${name}"`), ...prefixes]
      .map((text) => new TextEncoder().encode(text)),
  };
}
