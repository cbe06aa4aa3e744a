/**
 * Jetstream v1, `/subscribe`: one object a frame, as JSON text or, in a binary frame, as DAG-CBOR.
 */

import { buildCommit } from "./commit.ts";
import type { Decoder, DecoderOptions } from "./decoder.ts";
import { type Message, textOf } from "../raw_message.ts";
import type { Event, Malformed, Position } from "../event.ts";
import { createFrameDecoder } from "./json_frames.ts";
import { beginning } from "./prefilter.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../malformed.ts";
import { buildAccount, buildIdentity } from "./account_events.ts";
import { unknownEvent } from "./unknown_event.ts";
import { eventTime, micros } from "../time.ts";

/** Makes a decoder of v1 frames. */
export function createV1Decoder(options: DecoderOptions): Decoder {
  return createFrameDecoder({ beginnings: BEGINNINGS, read, positionOf: lookAtPosition }, options);
}

function read(frame: JsonObject, message: Message, options: DecoderOptions): Event {
  const { did, kind, commit, identity, account } = frame;
  const position = readPosition(frame);
  switch (kind) {
    case "commit":
      return readCommit(frame, commit, position, message, options);
    case "identity":
      return buildIdentity({ did, body: identity, position, raw: message });
    case "account":
      return buildAccount({ did, body: account, position, raw: message });
  }
  // A kind that only later servers know: counted and skipped, because it may be sent for every account.
  if (typeof kind === "string" && kind !== "") return unknownEvent(position);
  const refusal = kind === undefined
    ? { reason: "missing_field", detail: "the message has no kind" } as const
    : { reason: "unknown_kind", detail: "the message's kind is not a word" } as const;
  return malformed(refusal, message, position, { did });
}

const RECORD_PATH = ["commit", "record"];

/** An older format has the DID inside the commit as well, or only there. */
function readCommit(
  envelope: JsonObject,
  commit: unknown,
  position: Position | null,
  raw: Message,
  options: DecoderOptions,
): Event {
  const { did = isObject(commit) ? commit.did : undefined } = envelope;
  const bad = (reason: Malformed["refusal"]["reason"], detail: string): Malformed =>
    malformed({ reason, detail }, raw, position, { kind: "commit", did });
  if (!isObject(commit)) return bad("missing_record", "a commit message without a commit");
  const { collection, rkey, rev, operation, cid, record } = commit;
  const event = buildCommit(
    { did, collection, rkey, rev, operation, cid, record, position, raw, recordPath: RECORD_PATH },
    options,
  );
  const contradicts = commit.did !== undefined && commit.did !== did;
  return contradicts && event.kind !== "foreign"
    ? bad("invalid_did", "the message and its commit name different DIDs")
    : event;
}

/** Newer servers number their events in `cursor`; older ones resume by time alone. */
function readPosition(envelope: JsonObject): Position | null {
  const timeUs = eventTime(envelope.time_us);
  const { cursor: numbered = null } = envelope;
  const cursor = numbered === null ? timeUs : micros(numbered);
  return timeUs === null || cursor === null ? null : { cursor, timeUs };
}

/**
 * How every server writes a commit, newer ones with a number. Other messages are parsed, which costs five
 * times as much.
 */
const BEGINNINGS = ['"cursor":0,', ""].map((cursor) =>
  beginning(
    `{"did":"*","time_us":0,${cursor}"kind":"commit","commit":{"rev":"*","operation":"*","collection":"`,
  )
);

const POSITION = /^\{"did":"[^"\\]*","time_us":(\d{1,16}),(?:"cursor":(\d{1,16}),)?/;

function lookAtPosition(message: Message): Position | null {
  const match = POSITION.exec(textOf(message));
  if (match === null) return null;
  const [, timeUs, cursor = timeUs] = match;
  return readPosition({ time_us: Number(timeUs), cursor: Number(cursor) });
}
