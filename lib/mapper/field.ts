/**
 * The kinds of fields that records have, as zod schemas. Null counts as absent wherever a field may
 * be absent, unknown fields are ignored, and nothing is converted: `"1"` is no number.
 *
 * Lengths count code points, as Postgres does.
 */

import { z } from "zod";
import type { Reason } from "../reason.ts";
import { normalizeTime } from "./timestamp.ts";

/** What a custom check says when it fails. */
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
  return z.string().refine((value) => hasAtMost(value, limit), { params });
}

/** Text of 1 to `limit` characters. */
export function requiredText(limit: number): z.ZodString {
  const params = {
    reason: "too_long",
    expected: `at most ${limit} characters`,
  } satisfies FieldRefusal;
  return z.string().min(1).refine((value) => hasAtMost(value, limit), { params });
}

/** Text that names another record: see `reference.ts`. */
export function reference(): z.ZodString {
  return z.string().min(1);
}

/** A list of at most `limit` items. Counted before any of them is looked at. */
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

/** A number from 0 to 1, both included. */
export function weight(): z.ZodNumber {
  return z.number().min(0).max(1);
}

const TIME_REFUSAL = {
  reason: "invalid_time",
  expected: "an RFC 3339 time with a zone, in the years 0001 to 9999",
} satisfies FieldRefusal;

/** A time, as `normalizeTime` writes it. */
export function time(): z.ZodType<string, string> {
  return z.string().transform((value, context) => {
    const time = normalizeTime(value);
    if (time !== null) return time;
    context.issues.push({ code: "custom", input: value, params: TIME_REFUSAL });
    return z.NEVER;
  });
}

function hasAtMost(value: string, limit: number): boolean {
  // A code point is one or two units: most texts need no counting, and none more than it takes.
  if (value.length <= limit) return true;
  if (value.length > limit * 2) return false;
  let count = 0;
  for (const _ of value) count++;
  return count <= limit;
}
