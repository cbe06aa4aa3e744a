/** The attachments of a post: files that the record names, and blobs of its repository. */

import { decimal, entriesOf, type Fields } from "./fields.ts";
import type { Value } from "./tables.ts";

type Stored = [key: string, value: unknown][];

const READ = {
  string: (part: unknown) => typeof part === "string" ? part : null,
  number: (part: unknown) => typeof part === "number" ? part : null,
  decimal,
};

const NAMED: readonly (readonly [wire: string, stored: string, type: keyof typeof READ])[] = [
  ["url", "url", "string"],
  ["key", "key", "string"],
  ["type", "type", "string"],
  ["sizeBytes", "size_bytes", "number"],
  ["width", "width", "number"],
  ["height", "height", "number"],
  ["durationSeconds", "duration_seconds", "decimal"],
];

/** Each item under its stored names, without empty values and zeros; empty items are left out. */
export function attachments(fields: Fields): Value {
  const value = fields.get("attachments") ?? [];
  if (!Array.isArray(value)) {
    fields.problems.push("invalid_type");
    return [];
  }
  if (value.length > 6) fields.problems.push("too_many");
  const kept: Stored[] = [];
  for (const item of value) {
    const named = namedParts(fields, item);
    const blobs = blobsOf(item);
    if (blobs.length === 0) kept.push(named);
    for (const blob of blobs) kept.push([...named, ...blob]);
  }
  const told = kept.filter((item) => item.length > 0);
  if (told.length > 6) fields.problems.push("too_many");
  return told.map((item) => Object.fromEntries(item));
}

function namedParts(fields: Fields, item: unknown): Stored {
  const parts = entriesOf(item);
  if (parts === null) fields.problems.push("invalid_type");
  const kept: Stored = [];
  for (const [wire, stored, type] of NAMED) {
    const part = parts?.get(wire) ?? undefined;
    if (part === undefined) continue;
    const read = READ[type](part);
    if (read === null) fields.problems.push("invalid_type");
    else if (read !== "" && read !== 0) kept.push([stored, read]);
  }
  return kept;
}

/** Three forms: a blob, the legacy form of one, and objects that have either in them. */
function blobsOf(value: unknown, aspect: unknown = null): Stored[] {
  if (Array.isArray(value)) return value.flatMap((item) => blobsOf(item, aspect));
  const parts = entriesOf(value);
  if (parts === null) return [];
  const link = entriesOf(parts.get("ref"))?.get("$link");
  const isBlob = parts.get("$type") === "blob" && typeof link === "string";
  const isLegacy = parts.get("$type") !== "blob" && typeof parts.get("cid") === "string" &&
    typeof parts.get("mimeType") === "string";
  if (!isBlob && !isLegacy) {
    return [...parts.values()].flatMap((part) => blobsOf(part, parts.get("aspectRatio")));
  }
  const shape = entriesOf(aspect);
  const stored: Stored = [
    ["cid", isBlob ? link : parts.get("cid")],
    ["type", parts.get("mimeType")],
    ["size_bytes", parts.get("size")],
    ["width", shape?.get("width")],
    ["height", shape?.get("height")],
  ];
  return [stored.filter(([, part]) => part !== undefined && part !== "" && part !== 0)];
}
