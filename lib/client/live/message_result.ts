import type { Position } from "../../decoder/event.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Skip, Skipped } from "../socket/frame_parser.ts";

/** A message as received: text, or bytes when it is compressed, CBOR, or not UTF-8. */
export type Message = string | Uint8Array;

/** A notice of the server about the stream itself, by its code: `OutdatedCursor`, … */
export interface StreamNotice {
  readonly notice: string;
}

/** A message that could not be decoded at all. */
export interface Undecodable {
  readonly undecodable: true;
}

/** The result of a message: the position of its last event, a notice, undecodable, or nothing. */
export type MessageResult = Position | StreamNotice | Undecodable | null;

export function isUndecodable(result: MessageResult): result is Undecodable {
  return result !== null && "undecodable" in result;
}

/** How unwanted messages are skipped in the receive buffer. */
export interface Skipping {
  /** The prefilter of an endpoint; null when there is none. */
  readonly prefilterFor: (endpoint: Endpoint) => Skip | null;
  /** Counts what was skipped in one read, and returns the position of the last message. */
  readonly skipped: (skipped: Skipped, endpoint: Endpoint) => MessageResult;
}
