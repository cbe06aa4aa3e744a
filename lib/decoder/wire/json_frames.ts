/** Decoders of Jetstream's frames: each has one object, and every server writes the same bytes before a commit. */

import type { Event, Position } from "../event.ts";
import type { JsonObject } from "../json.ts";
import type { Message } from "../raw_message.ts";
import type { Decoder, DecoderOptions } from "./decoder.ts";
import { openMessage } from "./open_message.ts";
import { type Beginning, createPrefilter, prefilterMessage } from "./prefilter.ts";

/** What differs between the protocols. */
export interface FrameFormat {
  /** How servers write a commit. Commits with another beginning are parsed, which costs five times as much. */
  readonly beginnings: readonly Beginning[];
  readonly read: (frame: JsonObject, message: Message, options: DecoderOptions) => Event;
  /** The position of a commit with one of the beginnings; null when unknown. */
  readonly positionOf: (message: Message) => Position | null;
}

export function createFrameDecoder(format: FrameFormat, options: DecoderOptions): Decoder {
  const { limits, wanted } = options;
  const isForeignText = createPrefilter(format.beginnings, wanted, limits.messageBytes);
  return {
    decode: (message) => {
      const opened = openMessage(message, limits);
      return ["bad" in opened ? opened.bad : format.read(opened.object, message, options)];
    },
    isForeign: prefilterMessage(isForeignText),
    isForeignText,
    positionOf: format.positionOf,
  };
}
