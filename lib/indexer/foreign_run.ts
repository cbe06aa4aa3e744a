/** The foreign events since the last queued one: how many there were, and how far in the stream they came. */

import type { Endpoint } from "../client/endpoint.ts";
import { isFurther } from "../client/live/progress.ts";
import type { Skipped } from "../client/socket/frame_parser.ts";
import type { Position } from "../decoder/event.ts";
import type { Message } from "../decoder/raw_message.ts";
import type { Decoder } from "../decoder/wire/decoder.ts";

/** A position, or the message that it is read from if it is needed. */
interface Place {
  readonly at: Position | Message;
  readonly endpoint: Endpoint;
}

export class ForeignRun {
  readonly #decoderFor: (endpoint: Endpoint) => Decoder;
  #count = 0;
  #last: Place | null = null;

  constructor(decoderFor: (endpoint: Endpoint) => Decoder) {
    this.#decoderFor = decoderFor;
  }

  /** Counts one event that was taken. Returns how many there are now. */
  add(at: Position | Message | null, endpoint: Endpoint): number {
    if (at !== null) this.#last = { at, endpoint };
    return ++this.#count;
  }

  /**
   * Counts commits that the client skipped. It tells them at the end of a read, so a message that was taken can be
   * further. Returns the position of the last one.
   */
  skip({ count, last }: Skipped, endpoint: Endpoint): Position | null {
    this.#count += count;
    const position = this.#decoderFor(endpoint).positionOf(last);
    if (position !== null && this.#isLast(position, endpoint)) {
      this.#last = { at: position, endpoint };
    }
    return position;
  }

  /** Ends the run. Null when there was no foreign event. */
  end(): { count: number; position: Position | null; source: string } | null {
    if (this.#count === 0) return null;
    const count = this.#count;
    const last = this.#last;
    this.#count = 0;
    this.#last = null;
    const position = last === null ? null : this.#positionOf(last);
    return { count, position, source: last?.endpoint.source ?? "" };
  }

  /** Whether no event of the run is further. */
  #isLast(position: Position, { source }: Endpoint): boolean {
    const last = this.#last;
    const before = last && this.#positionOf(last);
    if (last === null || before === null) return true;
    return isFurther({ ...position, source }, { ...before, source: last.endpoint.source });
  }

  #positionOf({ at, endpoint }: Place): Position | null {
    if (typeof at === "string" || at instanceof Uint8Array) {
      return this.#decoderFor(endpoint).positionOf(at);
    }
    return at;
  }
}
