import type { Position } from "../../decoder/event.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Skip, Skipped } from "../socket/frame_parser.ts";

/** A message as it came: text, or bytes when it is compressed, CBOR, or not UTF-8. */
export type Message = string | Uint8Array;

/** Something that the server said about the stream itself, by its code: `OutdatedCursor`, … */
export interface StreamNotice {
  readonly notice: string;
}

/** A message of which nothing could be decoded. */
export interface Undecodable {
  readonly undecodable: true;
}

/** What a message told: the position of its last event, a notice, that it is broken, or nothing. */
export type MessageResult = Position | StreamNotice | Undecodable | null;

export function isUndecodable(result: MessageResult): result is Undecodable {
  return result !== null && "undecodable" in result;
}

/** How messages that nobody wants are passed by in the buffer that they came in. */
export interface Skipping {
  /** The look at the messages of one endpoint; null when it has none. */
  readonly prefilterFor: (endpoint: Endpoint) => Skip | null;
  /** Counts what was skipped in one read, and tells where the last of it stands. */
  readonly skipped: (skipped: Skipped, endpoint: Endpoint) => MessageResult;
}
