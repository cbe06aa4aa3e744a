/**
 * The kinds of fields of records, as zod schemas. Null counts as absent wherever a field may be absent, and
 * unknown fields are ignored. Only decimal text is converted, where a number may have a fraction
 * (`decimal.ts`).
 *
 * Lengths count code points, as Postgres does.
 */

import { z } from "zod";
import type { Reason } from "../reason.ts";
import { decimalNumber } from "./decimal.ts";
import { referenceText } from "./reference.ts";
import { normalizeTime } from "./timestamp.ts";

/** What a field accepts, in addition to its schema: the lexicon documents are compared with it. */
export type FieldMeta =
  | { readonly field: "text"; readonly most: number }
  | { readonly field: "reference" | "did" | "time" }
  | { readonly field: "decimal"; readonly least: number; readonly most: number };

/** The message of a failed custom check. */
export interface FieldRefusal {
  readonly reason: Reason;
  readonly expected: string;
}

/** Text of at most `limit` characters, empty or not. */
export function text(limit: number): z.ZodString {
  const params = {
    reason: "too_long",
    expected: `at most ${limit} characters`,
  } satisfies FieldRefusal;
  return z.string().refine((value) => hasAtMost(value, limit), { params })
    .meta({ field: "text", most: limit } satisfies FieldMeta);
}

/** Text of 1 to `limit` characters. */
export function requiredText(limit: number): z.ZodString {
  const params = {
    reason: "too_long",
    expected: `at most ${limit} characters`,
  } satisfies FieldRefusal;
  return z.string().min(1).refine((value) => hasAtMost(value, limit), { params })
    .meta({ field: "text", most: limit } satisfies FieldMeta);
}

/** A reference to another record: see `reference.ts`. */
export function reference(): z.ZodType<string> {
  return z.preprocess(referenceText, z.string().min(1)).meta(
    { field: "reference" } satisfies FieldMeta,
  );
}

/** A list of at most `limit` items. The count is checked before any item. */
export function list<Item extends z.ZodType>(
  item: Item,
  limit: number,
): z.ZodPipe<z.ZodArray<z.ZodUnknown>, z.ZodArray<Item>> {
  return z.array(z.unknown()).max(limit).pipe(z.array(item));
}

/** Tags and labels: at most 50 of at most 100 characters. */
export function tags(): ReturnType<typeof list<z.ZodString>> {
  return list(text(100), 50);
}

/** A number or decimal text, from `min` to `max`, both included. */
export function decimal(min: number, max = Infinity): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    const number = decimalNumber(value);
    if (number !== null && number >= min && number <= max) return number;
    const params: FieldRefusal = number === null
      ? { reason: "invalid_type", expected: "a number or decimal text" }
      : { reason: "out_of_range", expected: number < min ? `at least ${min}` : `at most ${max}` };
    context.issues.push({ code: "custom", input: value, params: { ...params } });
    return z.NEVER;
  }).meta({ field: "decimal", least: min, most: max } satisfies FieldMeta);
}

/** A number from 0 to 1, both included. */
export function weight(): z.ZodType<number> {
  return decimal(0, 1);
}

const TIME_REFUSAL = {
  reason: "invalid_time",
  expected: "an RFC 3339 time with a zone, in the years 0001 to 9999",
} satisfies FieldRefusal;

/** A time, in the form of `normalizeTime`. */
export function time(): z.ZodType<string, string> {
  return z.string().transform((value, context) => {
    const time = normalizeTime(value);
    if (time !== null) return time;
    context.issues.push({ code: "custom", input: value, params: TIME_REFUSAL });
    return z.NEVER;
  }).meta({ field: "time" } satisfies FieldMeta);
}

function hasAtMost(value: string, limit: number): boolean {
  // A code point is one or two units: most texts need no counting, and counting stops at the limit.
  if (value.length <= limit) return true;
  return value.length <= limit * 2 && codePoints(value) <= limit;
}

/** The length of a text as Postgres counts it. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
