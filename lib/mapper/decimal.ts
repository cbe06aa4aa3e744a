/**
 * Numbers as records can contain them. The network's data model has no fractions, so a place, a weight or a
 * duration may be decimal text: `47.6062` and `"47.6062"` mean the same.
 */

/** A sign, digits, a fraction; no exponent and no spaces. */
const DECIMAL = /^[+-]?\d+(?:\.\d+)?$/;

/** Three times the longest number that programs write. */
const MAX_LENGTH = 64;

/** A number, or the value of decimal text; null for everything else. */
export function decimalNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > MAX_LENGTH || !DECIMAL.test(value)) return null;
  return Number(value);
}
