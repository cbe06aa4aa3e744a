/**
 * The raw firehose, `com.atproto.sync.subscribeRepos`: a binary frame is a header and a body, two consecutive
 * items of DAG-CBOR. Relays don't filter, so unwanted events are dropped here, and only wanted records are
 * decoded.
 */

import { decodeAnyOrder } from "../cbor/key_order.ts";
import { cborEnd, CborError, checkCbor } from "../cbor/check_cbor.ts";
import type { Decoder, DecoderOptions } from "./decoder.ts";
import type { Message } from "../raw_message.ts";
import type { Event, Position, Refusal } from "../event.ts";
import { readNotice } from "./notice.ts";
import { readCommit, readSync } from "./firehose_commit.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { messageRefusal } from "../limits.ts";
import { malformed } from "../malformed.ts";
import { buildAccount, buildIdentity } from "./account_events.ts";
import { unknownEvent } from "./unknown_event.ts";
import { eventTime, micros, microsFromRfc3339 } from "../time.ts";

export interface FirehoseOptions extends DecoderOptions {
  /** Wanted repositories; absent for all. No relay filters by them. */
  readonly dids?: ReadonlySet<string>;
}

/** Makes a decoder of the frames of a relay. */
export function createFirehoseDecoder(options: FirehoseOptions): Decoder {
  return {
    decode: (message) => decodeFrame(message, options),
    // The collection is deep inside a frame, after the blocks: there is no cheap check.
    isForeign: () => false,
    isForeignText: null,
    positionOf: () => null,
  };
}

/**
 * A body holds operations, which hold links; later versions may add a level or two. The 200 operations of a
 * commit have 1,800 items, and it may name some hundred blobs.
 */
const FRAME_BOUNDS = { depthMax: 8, itemsMax: 10_000 };

function decodeFrame(message: Message, options: FirehoseOptions): readonly Event[] {
  const bad = (refusal: Refusal): Event[] => [malformed(refusal, message, null, {})];
  if (typeof message === "string") return bad(TEXT_FRAME);
  const oversize = messageRefusal(message, options.limits);
  if (oversize !== null) return bad(oversize);
  let header: unknown;
  let body: unknown;
  try {
    const end = cborEnd(message, FRAME_BOUNDS);
    header = decodeAnyOrder(message.subarray(0, end));
    const rest = message.subarray(end);
    checkCbor(rest, FRAME_BOUNDS);
    body = decodeAnyOrder(rest);
  } catch (error) {
    const isLong = error instanceof CborError && error.fault === "items";
    return bad(isLong ? TOO_MANY_ITEMS : NOT_CBOR);
  }
  if (!isObject(header) || !isObject(body)) return bad(NOT_MAPS);
  const { op, t } = header;
  if (op === -1) {
    return typeof body.error === "string" && body.error !== ""
      ? [readNotice(body.error, body.message)]
      : bad(NAMELESS_ERROR);
  }
  if (op === 1 && typeof t === "string" && t !== "") return readBody(t, body, message, options);
  // Its seq was used nevertheless, so the cursor moves past it.
  return Number.isSafeInteger(op) && op !== 1
    ? [unknownEvent(readPosition(body))]
    : bad(NO_OPERATION);
}

function readBody(
  type: string,
  body: JsonObject,
  raw: Uint8Array,
  options: FirehoseOptions,
): readonly Event[] {
  const position = readPosition(body);
  const did = type === "#commit" ? body.repo : body.did;
  const isWanted = options.dids === undefined || typeof did !== "string" || options.dids.has(did);
  const foreign = (
    what: string,
  ): Event[] => [{ kind: "foreign", what, collection: null, position }];
  switch (type) {
    case "#commit":
      return isWanted ? readCommit(body, position, raw, options) : foreign("commit");
    case "#sync":
      return isWanted ? [withoutRecords(readSync(body, position, raw))] : foreign("sync");
    case "#identity":
      return isWanted ? [buildIdentity({ did, body, position, raw })] : foreign("identity");
    case "#account":
      return isWanted ? [buildAccount({ did, body, position, raw })] : foreign("account");
    case "#info":
      // It has no seq: the cursor must not move.
      return [readNotice(body.name, body.message)];
  }
  return [unknownEvent(position)];
}

/** A relay doesn't send the records of a rebuilt repository again. */
function withoutRecords(event: Event): Event {
  return event.kind === "sync" ? { ...event, recordsFollow: false } : event;
}

function readPosition(body: JsonObject): Position | null {
  const cursor = micros(body.seq);
  const timeUs = eventTime(microsFromRfc3339(body.time));
  return cursor === null || timeUs === null ? null : { cursor, timeUs };
}

const TEXT_FRAME: Refusal = {
  reason: "invalid_frame",
  detail: "a text frame, where the firehose has binary ones",
};
const NOT_CBOR: Refusal = {
  reason: "invalid_cbor",
  detail: "the frame is not two items of DAG-CBOR",
};
const TOO_MANY_ITEMS: Refusal = {
  reason: "message_too_large",
  detail: `the frame has over ${FRAME_BOUNDS.itemsMax} items`,
};
const NOT_MAPS: Refusal = {
  reason: "invalid_frame",
  detail: "the frame's header or body is not a map",
};
const NAMELESS_ERROR: Refusal = {
  reason: "invalid_frame",
  detail: "an error frame without its code",
};
const NO_OPERATION: Refusal = {
  reason: "invalid_frame",
  detail: "the frame's header does not say what the frame is",
};
