/**
 * Attachments of a post: a file at a URL or under a key of the app's own store, or a blob of the author's
 * repository. A blob comes directly, in its legacy form, or inside an embed, for example one with several
 * images: then each is an attachment of its own.
 */

import { z } from "zod";
import { isCidText } from "../decoder/cbor/cid.ts";
import { isObject, type Json, type JsonObject } from "../decoder/json.ts";
import { decimal } from "./field.ts";

export const Attachment = z.looseObject({
  url: z.string().nullish(),
  key: z.string().nullish(),
  type: z.string().nullish(),
  sizeBytes: z.int().min(0).nullish(),
  width: z.int().min(0).nullish(),
  height: z.int().min(0).nullish(),
  durationSeconds: decimal(0).nullish(),
});

type StoredAttachment = Readonly<Record<string, string | number>>;

/** The attachments of an item, under the keys that the app's API reads. Never empty. */
export function storedAttachments(item: z.output<typeof Attachment>): readonly StoredAttachment[] {
  const own = withoutEmpty({
    url: item.url,
    key: item.key,
    type: item.type,
    size_bytes: item.sizeBytes,
    width: item.width,
    height: item.height,
    duration_seconds: item.durationSeconds,
  });
  // The decoder created the item, so it contains only JSON.
  const blobs = [...blobsIn(item as JsonObject)];
  const stored = blobs.length > 0 ? blobs.map((blob) => ({ ...own, ...blob })) : [own];
  return stored.filter((attachment) => Object.keys(attachment).length > 0);
}

/** All blobs in a value, at any depth. The decoder has limited the depth. */
function* blobsIn(value: Json | undefined, around: JsonObject = {}): Generator<StoredAttachment> {
  if (Array.isArray(value)) {
    for (const item of value) yield* blobsIn(item, around);
  }
  if (!isObject(value)) return;
  const cid = cidOf(value);
  if (cid === null) {
    for (const part of Object.values(value)) yield* blobsIn(part, value);
    return;
  }
  // An image has its aspect ratio beside its blob.
  const shape = isObject(around.aspectRatio) ? around.aspectRatio : {};
  yield withoutEmpty({
    cid,
    type: typeof value.mimeType === "string" ? value.mimeType : null,
    size_bytes: positive(value.size),
    width: positive(shape.width),
    height: positive(shape.height),
  });
}

/** The CID of a blob: `{$type: "blob", ref: {$link}}`, or in its legacy form `{cid, mimeType}`. */
function cidOf(value: JsonObject): string | null {
  if (value.$type === "blob") {
    const link = isObject(value.ref) ? value.ref.$link : null;
    return isCidText(link) ? link : null;
  }
  return isCidText(value.cid) && typeof value.mimeType === "string" ? value.cid : null;
}

function positive(value: Json | undefined): number | null {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null;
}

/** Leaves out empty texts, zeros and missing values, as the app does. */
function withoutEmpty(
  values: Readonly<Record<string, string | number | null | undefined>>,
): StoredAttachment {
  const kept: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(values)) if (value) kept[key] = value;
  return kept;
}
