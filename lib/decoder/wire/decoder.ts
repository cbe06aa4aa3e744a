/**
 * The interface of every frame decoder. A decoder belongs to one connection's protocol. It holds no state of
 * the stream, so messages may be decoded in any order and more than once.
 */

import type { Event, Position, Refusal } from "../event.ts";
import type { Prefilter } from "./prefilter.ts";
import type { JsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { Message } from "../raw_message.ts";
import type { Wanted } from "../wanted.ts";

/**
 * Removes every place from a record that its author does not share, before any other code sees it. With a
 * refusal, `record` is what may be kept for a person.
 */
export type Coarsen = (
  collection: string,
  record: JsonObject,
) => { readonly record: JsonObject; readonly refusal: Refusal | null };

/** Options of every decoder. */
export interface DecoderOptions {
  readonly wanted: Wanted;
  readonly coarsen: Coarsen;
  readonly limits: Limits;
}

/** Messages of one protocol to events. */
export interface Decoder {
  /** All events of the message. Never throws: an invalid message becomes a `malformed` event. */
  decode(message: Message): readonly Event[];
  /**
   * A cheap check without parsing: true only for a commit of an unwanted collection, which then counts as one
   * foreign commit without being decoded. False means unknown.
   */
  isForeign(message: Message): boolean;
  /**
   * The same for a text message that is still bytes, from `start` to `end` of a buffer, so that no text has
   * to be made. Null when there is no such check.
   */
  readonly isForeignText: Prefilter | null;
  /** The position of a message for which `isForeign` is true; null when unknown. */
  positionOf(message: Message): Position | null;
}
