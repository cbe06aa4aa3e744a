/** zstd with the dictionaries of several servers, which change while the program runs. */

import { dictionaryId, ZstdDecoder } from "../zstd/decoder.ts";
import { frameDictionaryId } from "../zstd/frame.ts";

/** Each server has one dictionary, which it replaces rarely. A decoder takes some 500 kB. */
const MAX_DICTIONARIES = 8;

/** Decodes each message with the dictionary that it names. */
export class ZstdDictionaries {
  readonly #decoders = new Map<number, ZstdDecoder>();
  readonly #plain: ZstdDecoder;
  readonly #maxOutputBytes: number;

  /** `maxOutputBytes`: limit for one decoded message. */
  constructor(maxOutputBytes: number) {
    this.#maxOutputBytes = maxOutputBytes;
    this.#plain = new ZstdDecoder({ maxOutputBytes });
  }

  /** Registers a dictionary and returns its id. Throws a `ZstdError` when it is invalid. */
  add(dictionary: Uint8Array): number {
    const id = dictionaryId(dictionary);
    const decoder = new ZstdDecoder({ dictionary, maxOutputBytes: this.#maxOutputBytes });
    this.#decoders.delete(id);
    this.#decoders.set(id, decoder);
    // The oldest one was probably replaced.
    const [oldest] = this.#decoders.keys();
    if (this.#decoders.size > MAX_DICTIONARIES && oldest !== undefined) {
      this.#decoders.delete(oldest);
    }
    return id;
  }

  /** The content of a message. Throws a `ZstdError`, with the fault `dictionary` for an unknown one. */
  decode(message: Uint8Array): Uint8Array {
    const decoder = this.#decoders.get(frameDictionaryId(message)) ?? this.#plain;
    return decoder.decode(message);
  }
}
