import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Notice } from "./stream_observer.ts";

/** Fetches a server's current dictionary, registers it with the decoder, and returns its id. */
export type FetchDictionary = (endpoint: Endpoint, signal: AbortSignal) => Promise<number>;

/** After a failed fetch, connections don't wait for the dictionary again for this long. */
const RETRY_MS = 10 * 60_000;

/**
 * Which connections request compressed frames. Compression is optional: any failure leads to plain frames.
 */
export class Compression {
  readonly #wanted: boolean;
  readonly #fetchDictionary: FetchDictionary | null;
  readonly #onNotice: (notice: Notice, endpoint: Endpoint) => void;
  readonly #clock: Clock;
  readonly #plain = new Set<Endpoint>();
  /** When a failed fetch may be retried, by the monotonic clock. */
  readonly #nextTry = new Map<Endpoint, number>();
  readonly #dictionaries = new Map<Endpoint, number>();
  /** Endpoints whose dictionary was refused and fetched again, without success since. */
  readonly #refetched = new Set<Endpoint>();

  constructor(
    wanted: boolean,
    fetchDictionary: FetchDictionary | null,
    onNotice: (notice: Notice, endpoint: Endpoint) => void,
    clock: Clock,
  ) {
    this.#wanted = wanted;
    this.#fetchDictionary = fetchDictionary;
    this.#onNotice = onNotice;
    this.#clock = clock;
  }

  /** The compression to request for the next connection: see `Request.zstd`. */
  async choose(endpoint: Endpoint, signal: AbortSignal): Promise<true | number | null> {
    if (!this.#wanted || this.#plain.has(endpoint) || endpoint.protocol === "firehose") return null;
    // v1 has one fixed dictionary, and no parameter for it.
    const parameter = (id: number): true | number => endpoint.protocol === "v1" ? true : id;
    const known = this.#dictionaries.get(endpoint);
    if (known !== undefined) return parameter(known);
    if (this.#fetchDictionary === null) return endpoint.protocol === "v1" ? true : null;
    if (this.#clock.monotonic() < (this.#nextTry.get(endpoint) ?? 0)) return null;
    try {
      const id = await this.#fetchDictionary(endpoint, signal);
      this.#dictionaries.set(endpoint, id);
      return parameter(id);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      this.#nextTry.set(endpoint, this.#clock.monotonic() + RETRY_MS);
      this.#notice(
        endpoint,
        `cannot fetch the dictionary, connections are not compressed for now: ${why}`,
      );
      return null;
    }
  }

  /** The server does not know our dictionary: fetches it once more, then reads plain. */
  dictionaryRefused(endpoint: Endpoint): void {
    this.#dictionaries.delete(endpoint);
    if (this.#refetched.has(endpoint)) this.giveUp(endpoint, "the dictionary was refused twice");
    else this.#refetched.add(endpoint);
  }

  /** Requests plain frames from this endpoint from now on. Returns false when it was plain already. */
  giveUp(endpoint: Endpoint, why: string): boolean {
    if (!this.#wanted || this.#plain.has(endpoint)) return false;
    this.#plain.add(endpoint);
    this.#notice(endpoint, `connections are not compressed from now on: ${why}`);
    return true;
  }

  /** A connection delivered something. */
  worked(endpoint: Endpoint): void {
    this.#refetched.delete(endpoint);
  }

  #notice(endpoint: Endpoint, message: string): void {
    this.#onNotice({ code: "uncompressed", message }, endpoint);
  }
}
