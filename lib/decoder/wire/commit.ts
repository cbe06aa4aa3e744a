/**
 * One operation on one record, from the parts that a protocol provides. Every protocol ends here, so that
 * addresses and records are judged equally.
 */

import { readAddress } from "../address.ts";
import { isCidText } from "../cbor/cid.ts";
import { jsonFromCheckedCbor } from "../cbor/dag_cbor.ts";
import { recordShapeRefusal } from "../cbor/record_shape.ts";
import type { DecoderOptions } from "./decoder.ts";
import type { Message } from "../raw_message.ts";
import type { Commit, Foreign, Malformed, Position, Refusal } from "../event.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { type Limits, LOST_DIGITS, measureRecord } from "../limits.ts";
import { malformed } from "../malformed.ts";
import { readExactly } from "./open_message.ts";

/** The parts of a commit as received, unvalidated; `undefined` when absent. */
export interface CommitParts {
  readonly did: unknown;
  readonly collection: unknown;
  readonly rkey: unknown;
  readonly rev: unknown;
  readonly operation: unknown;
  /** CID text, or `{"$link": text}`. */
  readonly cid: unknown;
  /** The record as JSON; or a `Uint8Array` with its DAG-CBOR, decoded only if it is wanted. */
  readonly record: unknown;
  /** The path of the record in the message, when `raw` is a message that holds it as JSON. */
  readonly recordPath?: readonly string[];
  /** Instead of `record`: when several operations name one record, it is read once. */
  readonly content?: () => RecordContent;
  /** Null when the message has no usable time. */
  readonly position: Position | null;
  /**
   * The whole message; for one row of many, bytes that identify this row. Its hash identifies a malformed
   * commit.
   */
  readonly raw: Message;
}

/**
 * Builds the event. An unwanted collection is foreign before anything else is checked. Without a valid
 * address, operation or time the commit is malformed; with an invalid record it stays a commit, with a
 * refusal and without the record. Never throws.
 */
export function buildCommit(
  parts: CommitParts,
  options: DecoderOptions,
): Commit | Foreign | Malformed {
  const { collection, operation, position } = parts;
  if (typeof collection === "string" && collection !== "" && !options.wanted.matches(collection)) {
    return { kind: "foreign", what: "commit", collection, position };
  }
  const address = readAddress(parts);
  if ("reason" in address) return refuse(address, parts);
  if (operation !== "create" && operation !== "update" && operation !== "delete") {
    return refuse(UNKNOWN_OPERATION, parts);
  }
  if (position === null) return refuse(NO_TIME, parts);
  const content = operation === "delete"
    ? NO_CONTENT
    : parts.content?.() ?? readRecord(address.collection, parts, options);
  return {
    kind: "commit",
    did: address.did,
    collection: address.collection,
    rkey: address.rkey,
    rev: address.rev,
    operation,
    cid: operation === "delete" ? null : readCid(parts.cid),
    record: content.record,
    refusal: content.refusal,
    remains: content.remains,
    size: content.size,
    position,
  };
}

const UNKNOWN_OPERATION: Refusal = {
  reason: "unknown_operation",
  detail: "the operation is none of create, update and delete",
};

const NO_TIME: Refusal = {
  reason: "invalid_time",
  detail: "the commit has no time, or no cursor, that can be used",
};

function refuse(refusal: Refusal, parts: CommitParts): Malformed {
  const { did, collection, rkey, rev, operation } = parts;
  const structure = { kind: "commit", did, collection, rkey, rev, operation };
  return malformed(refusal, parts.raw, parts.position, structure);
}

const NO_RECORD: Refusal = {
  reason: "missing_record",
  detail: "a create or update without a record",
};

const NOT_OBJECT: Refusal = { reason: "invalid_record", detail: "the record is not an object" };

/** The content of a commit. */
export type RecordContent = Pick<Commit, "record" | "refusal" | "remains" | "size">;

const NO_CONTENT: RecordContent = { record: null, refusal: null, remains: null, size: 0 };

/** Reads and coarsens a record. */
export function readRecord(
  collection: string,
  parts: Pick<CommitParts, "record" | "raw" | "recordPath">,
  options: DecoderOptions,
): RecordContent {
  const record = fitRecord(parts, options.limits);
  if ("refusal" in record) return without(record.refusal);
  const { size } = record;
  try {
    const coarse = options.coarsen(collection, record.fit);
    return coarse.refusal === null
      ? { record: coarse.record, refusal: null, remains: null, size }
      : { record: null, refusal: coarse.refusal, remains: coarse.record, size };
  } catch {
    // A record that is not coarsened must not be passed on. The error is not reported: it may quote the
    // record.
    return without({ reason: "invalid_record", detail: "the record could not be coarsened" });
  }
}

type Read = { readonly fit: JsonObject; readonly size: number } | { readonly refusal: Refusal };

/** The record as JSON within the limits, from either format. */
function fitRecord(
  { record, raw, recordPath }: Pick<CommitParts, "record" | "raw" | "recordPath">,
  limits: Limits,
): Read {
  let value = record;
  let bytes = raw.length;
  if (record instanceof Uint8Array) {
    bytes = record.length;
    const refusal = recordShapeRefusal(record, limits, { floats: true });
    if (refusal !== null) return { refusal };
    try {
      value = jsonFromCheckedCbor(record, limits.recordDepth);
    } catch {
      return { refusal: { reason: "invalid_record", detail: "the record is not DAG-CBOR" } };
    }
  }
  if (value === undefined || value === null) return { refusal: NO_RECORD };
  if (!isObject(value)) return { refusal: NOT_OBJECT };
  const measured = measureRecord(value, bytes, limits, recordPath === undefined);
  if (measured.refusal === null) return { fit: value, size: measured.bytes };
  if (measured.refusal !== LOST_DIGITS || recordPath === undefined) return measured;
  const exact = readExactly(raw, recordPath, limits);
  if (!isObject(exact)) return measured;
  const again = measureRecord(exact, bytes, limits, true);
  return again.refusal === null ? { fit: exact, size: again.bytes } : again;
}

/** A commit that is kept without its record. */
export function without(refusal: Refusal): RecordContent {
  return { ...NO_CONTENT, refusal };
}

/** An invalid CID is dropped, not rejected: nothing depends on it. */
function readCid(cid: unknown): string | null {
  const text = isObject(cid) ? cid.$link : cid;
  return isCidText(text) ? text : null;
}
