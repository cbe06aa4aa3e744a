/** JSON values as `JSON.parse` makes them. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Its keys come from the wire: check dynamic keys with `Object.hasOwn`. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a JSON value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON without losing a digit: a number that a double can't hold, mainly an integer beyond 2^53,
 * becomes the text of its digits. Costs several times as much as `JSON.parse`.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const written = context?.source ?? String(value);
    // With a fraction or an exponent it is meant as a double: no written digit is lost.
    return Number.isFinite(value) && /[.eE]/.test(written) ? value : written;
  });
}
