/** Records of about so many bytes that make a search for places work hard by their shape. */

import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { WORST_PARTS, WORST_TEXTS, type WorstText } from "./worst_text.ts";

/** A place that shows only when what stands inside it is gone: three searches. */
const NESTED_PLACE = ` ${"x".repeat(60)} 61.38192 polyline:${"?".repeat(80)} 101.57419 ${
  "x".repeat(60)
}`;

/** Every level of JSON in text doubles the escapes before a quote. */
const LEVELS = 12;

/** Lists around a list. */
const LIST_DEPTH = 6;

interface WorstShape {
  readonly name: string;
  readonly record: (text: (bytes: number) => string, bytes: number) => JsonObject;
}

const WORST_SHAPES: readonly WorstShape[] = [
  {
    name: "a text that is searched three times",
    record: (text, bytes) => ({ text: text(bytes) + NESTED_PLACE }),
  },
  {
    name: "JSON in JSON in JSON",
    record: (text, bytes) => {
      let inner = text(Math.max(1, bytes - 2 ** (LEVELS + 4)));
      for (let level = 0; level < LEVELS; level++) inner = JSON.stringify({ a: inner });
      return { text: inner };
    },
  },
  { name: "many short texts", record: (text, bytes) => ({ tags: copies(text(12), bytes) }) },
  {
    name: "many texts that are searched three times",
    record: (text, bytes) => ({ tags: copies(text(60) + NESTED_PLACE, bytes) }),
  },
  ...[2, 3, 4, 8].map((length) => ({
    name: `many lists of ${length}`,
    record: (text: WorstText["text"], bytes: number) => ({
      tags: lists(length, text(8), bytes),
    }),
  })),
  {
    name: "lists in lists",
    record: (text, bytes) => ({
      tags: lists(3, text(8), bytes / LIST_DEPTH).map((list) => within(list, LIST_DEPTH)),
    }),
  },
  {
    name: "many objects",
    record: (text, bytes) => ({
      tags: copies(text(8), bytes / 2).map((name) => ({ name, d: name })),
    }),
  },
  {
    name: "many keys",
    record: (text, bytes) => {
      const keys = copies(text(12), bytes).map((key, index) => [`${key}${index}`, 1]);
      return { meta: Object.fromEntries(keys) };
    },
  },
  { name: "one key", record: (text, bytes) => ({ [text(bytes)]: 1 }) },
];

/** Found by a search for records that cost the most, by changing some of them at random. */
export const FOUND: readonly WorstRecord[] = [
  ...[1, 2, 3].map((length) => ({
    name: `JSON in text, of lists of ${length} with sides and times`,
    record: (bytes: number): JsonObject => ({
      text: JSON.stringify(lists(length, "N1.111-12:12:12 ", bytes * 0.8)),
    }),
  })),
  {
    name: "many texts of names before numbers",
    record: (bytes) => ({ tags: copies("N61.38192polyline:".repeat(91), bytes) }),
  },
  {
    name: "many texts of halves before a name",
    record: (bytes) => ({ tags: copies("½.".repeat(33) + "polyline:", bytes) }),
  },
  {
    name: "JSON in text, of halves before a name",
    record: (bytes) => ({
      text: JSON.stringify(copies("½.".repeat(33) + "polyline:", bytes)),
    }),
  },
  ...[1, 5, 20].map((times) => ({
    name: `objects of texts and numbers, with ${times} times in each text`,
    record: (bytes: number): JsonObject => {
      const text = "N1.111-12:12:12 ".repeat(times);
      const one = { a: text, b: 61.38192, c: text, d: 101 };
      return { tags: repeated(one, bytes) };
    },
  })),
];

/** The decoder takes no more values in a record. */
const MOST_VALUES = 99_000;

function copies(text: string, bytes: number): string[] {
  return repeated(text, bytes);
}

function repeated<Value extends Json>(value: Value, bytes: number): Value[] {
  const size = new TextEncoder().encode(JSON.stringify(value)).length + 1;
  return Array.from({ length: Math.min(MOST_VALUES, Math.floor(bytes / size)) }, () => value);
}

function lists(length: number, text: string, bytes: number): string[][] {
  const each = copies(text, bytes);
  return Array.from(
    { length: Math.floor(each.length / (length + 1)) },
    () => each.slice(0, length),
  );
}

/** A value in so many lists of its own. */
function within(value: Json, depth: number): Json {
  return depth === 0 ? value : [within(value, depth - 1)];
}

export interface WorstRecord {
  readonly name: string;
  readonly record: (bytes: number) => JsonObject;
}

function inShape({ name, record }: WorstShape, text: WorstText): WorstRecord {
  return { name: `${name}, of ${text.name}`, record: (bytes) => record(text.text, bytes) };
}

/** Each text by itself, those without a frame in every other shape, and what else was found. */
export const WORST_RECORDS: readonly WorstRecord[] = [
  ...FOUND,
  ...WORST_TEXTS.map(({ name, text }) => ({
    name,
    record: (bytes: number): JsonObject => ({ text: text(bytes) }),
  })),
  ...WORST_SHAPES.flatMap((shape) => WORST_PARTS.map((text) => inShape(shape, text))),
];
