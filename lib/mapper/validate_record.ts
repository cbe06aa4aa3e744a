/** Validates a record against the schema of its collection, with our own messages. */

import type { z } from "zod";
import type { Refusal } from "../decoder/event.ts";
import { isObject, type Json, type JsonObject } from "../decoder/json.ts";
import { isReason, type Reason } from "../reason.ts";
import type { Collection, Context, Mapped } from "./collection.ts";
import { codePoints } from "./field.ts";

/** Converts the validated fields. */
export type Build<Fields> = (
  fields: Fields,
  context: Context & { readonly record: JsonObject },
) => Mapped | Refusal;

/** The map function of a collection: its schema, then the conversion of the fields. */
export function mapBy<Schema extends z.ZodType>(
  schema: Schema,
  build: Build<z.output<Schema>>,
): Collection["map"] {
  return (record, context) => {
    const parsed = schema.safeParse(record);
    if (!parsed.success) return refusalOf(parsed.error.issues, record);
    return build(parsed.data, { ...context, record });
  };
}

/** The first issue as a refusal. Names the field and what is expected, never the value. */
function refusalOf(issues: readonly z.core.$ZodIssue[], record: JsonObject): Refusal {
  const [issue] = issues;
  if (issue === undefined) return { reason: "invalid_record", detail: "the record has no shape" };
  const value = valueAt(record, issue.path);
  const { reason, expected } = meaningOf(issue, value);
  return { reason, detail: `${pathText(issue.path)}: got ${kindOf(value)}, expected ${expected}` };
}

function meaningOf(
  issue: z.core.$ZodIssue,
  value: Json | undefined,
): { reason: Reason; expected: string } {
  switch (issue.code) {
    case "invalid_type": {
      const isMissing = (value ?? null) === null && typeof issue.path.at(-1) !== "number";
      const expected = TYPE_NAMES.get(issue.expected) ?? issue.expected;
      return { reason: isMissing ? "missing_field" : "invalid_type", expected };
    }
    case "invalid_value": {
      const expected = `one of ${issue.values.join(", ")}`;
      return { reason: typeof value === "string" ? "unknown_value" : "invalid_type", expected };
    }
    case "too_small":
      return issue.origin === "string"
        ? { reason: "empty_field", expected: "some text" }
        : { reason: "out_of_range", expected: `at least ${issue.minimum}` };
    case "too_big":
      return issue.origin === "array"
        ? { reason: "too_many", expected: `at most ${issue.maximum} items` }
        : { reason: "out_of_range", expected: `at most ${issue.maximum}` };
    case "custom": {
      const { reason, expected } = issue.params ?? {};
      if (typeof reason === "string" && isReason(reason)) {
        return { reason, expected: String(expected) };
      }
    }
  }
  return { reason: "invalid_record", expected: "another value" };
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "an object"],
]);

function kindOf(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return `text of ${codePoints(value)}`;
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}

function valueAt(record: JsonObject, path: readonly PropertyKey[]): Json | undefined {
  let value: Json | undefined = record;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === "number") value = value[step];
    else if (isObject(value) && typeof step === "string" && Object.hasOwn(value, step)) {
      value = value[step];
    } else return undefined;
  }
  return value;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : `${text}${text && "."}${String(step)}`,
    "",
  );
}
