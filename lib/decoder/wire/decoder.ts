/**
 * What every frame decoder offers. One decoder belongs to one connection's protocol; it holds no
 * state of the stream, so messages may be decoded in any order and more than once.
 */

import type { Event, Position, Refusal } from "../event.ts";
import type { Prefilter } from "./prefilter.ts";
import type { JsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { Message } from "../raw_message.ts";
import type { Wanted } from "../wanted.ts";

/**
 * Takes every place out of a record that its author does not share, before anything else sees it.
 * With a refusal, `record` is what may be kept for a person.
 */
export type Coarsen = (
  collection: string,
  record: JsonObject,
) => { readonly record: JsonObject; readonly refusal: Refusal | null };

/** What every decoder is told. */
export interface DecoderOptions {
  readonly wanted: Wanted;
  readonly coarsen: Coarsen;
  readonly limits: Limits;
}

/** Messages of one protocol to events. */
export interface Decoder {
  /** Everything that the message says. Never throws: what makes no sense is a `malformed` event. */
  decode(message: Message): readonly Event[];
  /**
   * A cheap look, without parsing: true only for a commit of a collection that nobody wants. False
   * says nothing. Such a message need not be decoded; it counts as one foreign commit.
   */
  isForeign(message: Message): boolean;
  /**
   * The same of a text message that is still bytes, from `start` to `end` of a buffer, so that no text
   * need be made of it. Null where there is no such look.
   */
  readonly isForeignText: Prefilter | null;
  /** Where a message stands that `isForeign` is true for; null when it does not tell. */
  positionOf(message: Message): Position | null;
}
