/** JSON values as `JSON.parse` makes them. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Its keys come from the wire: read it with `Object.hasOwn` where the key does. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a JSON value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
