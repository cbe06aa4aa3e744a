/**
 * The collections that the operator wants: NSIDs, and prefixes like `app.subcult.*`. Case matters, and so
 * does the dot: `app.subcult.*` covers neither `app.subcult` nor `app.subculture.scene`.
 */

import { isNsid } from "./address.ts";

/** The servers' limit on one subscription. */
const PATTERNS_MAX = 100;

/** Which collections are wanted. */
export interface Wanted {
  /** As sent in the subscription, each once. */
  readonly patterns: readonly string[];
  /** Whether a collection is one of them. */
  matches(collection: string): boolean;
  /**
   * The UTF-8 prefixes of all wanted collections: each pattern's prefix, and each name with its closing `"`.
   */
  readonly beginnings: readonly Uint8Array[];
}

/** What is wrong with a pattern, for a configuration error; null when it is valid. */
export function patternProblem(pattern: string): string | null {
  // Servers require at least two labels in a prefix, so that one more makes an NSID.
  const nsid = pattern.endsWith(".*") ? `${pattern.slice(0, -1)}x` : pattern;
  if (isNsid(nsid)) return null;
  return `got ${JSON.stringify(pattern.slice(0, 80))}, ` +
    'expected an NSID like "app.subcult.scene" or a prefix like "app.subcult.*"';
}

/** Parses the operator's list. Throws a `RangeError` for one that no server would accept. */
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
    // Compared one by one: hashing for a set lookup took a tenth of a foreign row of the archive.
    matches: (collection) =>
      names.some((name) => collection === name) ||
      prefixes.some((prefix) => collection.startsWith(prefix)),
    beginnings: [...names.map((name) => `${name}"`), ...prefixes]
      .map((text) => new TextEncoder().encode(text)),
  };
}
