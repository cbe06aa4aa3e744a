/**
 * Compressed connections: each binary message is one zstd frame of one text message. Other messages are
 * passed on unchanged, so that a server that does not compress is understood.
 */

import type { Decoder } from "./decoder.ts";
import type { Message } from "../raw_message.ts";
import type { Event, Refusal } from "../event.ts";
import { malformed } from "../malformed.ts";
import { ZstdError } from "../zstd/decoder.ts";

/** The part of a `ZstdDecoder` that is used here. */
interface Decompressor {
  decode(frame: Uint8Array): Uint8Array;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Puts decompression in front of a decoder of text messages. */
export function createCompressedDecoder(inner: Decoder, zstd: Decompressor): Decoder {
  // The prefilter runs before decoding and the position is requested afterwards: only the last message is
  // kept.
  let last: { readonly message: Message; readonly opened: Message | readonly Event[] } | null =
    null;

  function open(message: Message): Message | readonly Event[] {
    if (!isFrame(message)) return message;
    if (last?.message !== message) last = { message, opened: decompress(message, zstd) };
    return last.opened;
  }

  return {
    decode: (message) => {
      const opened = open(message);
      if (!isMessage(opened)) return opened;
      return opened === message ? inner.decode(message) : decodeText(opened, message, inner);
    },
    isForeign: (message) => {
      const opened = open(message);
      return isMessage(opened) && inner.isForeign(opened);
    },
    isForeignText: inner.isForeignText,
    positionOf: (message) => {
      const opened = open(message);
      return isMessage(opened) ? inner.positionOf(opened) : null;
    },
  };
}

function isMessage(opened: Message | readonly Event[]): opened is Message {
  return typeof opened === "string" || opened instanceof Uint8Array;
}

/** By the magic number, which neither JSON nor CBOR begins with. */
function isFrame(message: Message): message is Uint8Array {
  return typeof message !== "string" && message[0] === 0x28 && message[1] === 0xb5 &&
    message[2] === 0x2f && message[3] === 0xfd;
}

/** The bytes of the text in a frame, or the event that replaces it. */
function decompress(frame: Uint8Array, zstd: Decompressor): Uint8Array | readonly Event[] {
  const bad = (reason: Refusal["reason"], detail: string): Event[] => [
    malformed({ reason, detail }, frame, null, {}),
  ];
  try {
    return zstd.decode(frame);
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    switch (error.fault) {
      case "dictionary":
        // No message can be read without it: the client has to react.
        return [{ kind: "notice", code: "UnknownZstdDictionary", message: error.message }];
      case "too_large":
        return bad("message_too_large", "the message decompresses to more than is allowed");
      case "corrupt":
        return bad("invalid_zstd", "the message is not a valid zstd frame");
    }
  }
}

/** Decodes the content of a frame. The prefilter works on its bytes without making a text. */
function decodeText(content: Message, frame: Message, inner: Decoder): readonly Event[] {
  if (typeof content === "string") return inner.decode(content);
  let text: string;
  try {
    text = utf8.decode(content);
  } catch {
    const refusal = { reason: "invalid_json", detail: "the message is not UTF-8" } as const;
    return [malformed(refusal, frame, null, {})];
  }
  return inner.decode(text);
}
