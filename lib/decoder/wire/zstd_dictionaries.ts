/** zstd with the dictionaries of several servers, which change while the program runs. */

import { dictionaryId, ZstdDecoder } from "../zstd/decoder.ts";
import { frameDictionaryId } from "../zstd/frame.ts";

/** Servers have one dictionary each, and now and then a new one. A decoder takes some 500 kB. */
const MAX_DICTIONARIES = 8;

/** Decodes each message with the dictionary that it names. */
export class ZstdDictionaries {
  readonly #decoders = new Map<number, ZstdDecoder>();
  readonly #plain: ZstdDecoder;
  readonly #maxOutputBytes: number;

  /** `maxOutputBytes` is the most that one message may decode to. */
  constructor(maxOutputBytes: number) {
    this.#maxOutputBytes = maxOutputBytes;
    this.#plain = new ZstdDecoder({ maxOutputBytes });
  }

  /** Learns a dictionary and returns its id. Throws a `ZstdError` for one that is none. */
  add(dictionary: Uint8Array): number {
    const id = dictionaryId(dictionary);
    const decoder = new ZstdDecoder({ dictionary, maxOutputBytes: this.#maxOutputBytes });
    this.#decoders.delete(id);
    this.#decoders.set(id, decoder);
    // The one that was learnt first has been replaced longest.
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
