/**
 * Jetstream v2, `network.bsky.jetstream.subscribeEvents`: an envelope with a `$type` around a payload with
 * its own `$type`.
 */

import { buildCommit } from "./commit.ts";
import type { Decoder, DecoderOptions } from "./decoder.ts";
import { type Message, textOf } from "../raw_message.ts";
import type { Event, Malformed, Position, Refusal } from "../event.ts";
import { createFrameDecoder } from "./json_frames.ts";
import { beginning } from "./prefilter.ts";
import { readNotice } from "./notice.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../malformed.ts";
import { buildAccount, buildIdentity, buildSync } from "./account_events.ts";
import { unknownEvent } from "./unknown_event.ts";
import { eventTime, micros, microsFromRfc3339 } from "../time.ts";

const LEXICON = "network.bsky.jetstream.subscribeEvents";

/** From here on a cursor means Unix microseconds, so no sequence number reaches it. */
const SEQ_END = 1e15;

/** Makes a decoder of v2 frames. */
export function createV2Decoder(options: DecoderOptions): Decoder {
  return createFrameDecoder({ beginnings: [BEGINNING], read, positionOf: lookAtPosition }, options);
}

function read(frame: JsonObject, message: Message, options: DecoderOptions): Event {
  const { $type, payload, error, message: words } = frame;
  const bad = (detail: string): Malformed =>
    malformed({ reason: "invalid_frame", detail }, message, null, {});
  if (typeof $type !== "string" || $type === "") return bad("the frame has no $type");
  if ($type === "error") {
    return typeof error === "string" && error !== ""
      ? readNotice(error, words)
      : bad("an error frame without its code");
  }
  if ($type !== "message") return unknownEvent(null);
  return isObject(payload)
    ? readPayload(payload, message, options)
    : bad("a message frame without a payload");
}

const RECORD_PATH = ["payload", "record"];

function readPayload(payload: JsonObject, raw: Message, options: DecoderOptions): Event {
  const { $type, did, identity, account, sync } = payload;
  const position = readPosition(payload.seq, payload.time);
  switch ($type) {
    case `${LEXICON}#commit`: {
      const { collection, rkey, rev, operation, cid, record } = payload;
      return buildCommit(
        {
          did,
          collection,
          rkey,
          rev,
          operation,
          cid,
          record,
          position,
          raw,
          recordPath: RECORD_PATH,
        },
        options,
      );
    }
    case `${LEXICON}#identity`:
      return buildIdentity({ did, body: identity, position, raw });
    case `${LEXICON}#account`:
      return buildAccount({ did, body: account, position, raw });
    case `${LEXICON}#sync`:
      return buildSync({ did, body: sync, position, raw });
    case `${LEXICON}#info`:
      // It has no seq: the cursor must not move.
      return readNotice(payload.name, payload.message);
  }
  if (typeof $type === "string" && $type !== "") return unknownEvent(position);
  const refusal: Refusal = { reason: "invalid_frame", detail: "the payload has no $type" };
  return malformed(refusal, raw, position, { did });
}

function readPosition(seq: unknown, time: unknown): Position | null {
  const cursor = micros(seq);
  const timeUs = eventTime(microsFromRfc3339(time));
  if (cursor === null || cursor < 1 || cursor >= SEQ_END || timeUs === null) return null;
  return { cursor, timeUs };
}

/** As in v1: how every server writes a commit, up to its collection. */
const BEGINNING = beginning(
  `{"$type":"message","payload":{"$type":"${LEXICON}#commit","seq":0,"did":"*","time":"*",` +
    '"rev":"*","operation":"*","collection":"',
);

const POSITION = new RegExp(
  `^\\{"\\$type":"message","payload":\\{"\\$type":"${LEXICON.replaceAll(".", "\\.")}#commit",` +
    '"seq":(\\d{1,15}),"did":"[^"\\\\]*","time":"([^"\\\\]{1,80})",',
);

function lookAtPosition(message: Message): Position | null {
  const match = POSITION.exec(textOf(message));
  return match === null ? null : readPosition(Number(match[1]), match[2]);
}
