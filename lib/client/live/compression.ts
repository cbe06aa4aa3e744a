import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Notice } from "./stream_observer.ts";

/** Fetches the dictionary that a server uses now, makes the decoder know it, and returns its id. */
export type FetchDictionary = (endpoint: Endpoint, signal: AbortSignal) => Promise<number>;

/** Where a dictionary could not be had, the next connections don't wait for it again so soon. */
const RETRY_MS = 10 * 60_000;

/**
 * Which connections ask for compressed frames. It is a saving and never a condition: whatever goes wrong
 * with it leads to plain frames.
 */
export class Compression {
  readonly #wanted: boolean;
  readonly #fetchDictionary: FetchDictionary | null;
  readonly #onNotice: (notice: Notice, endpoint: Endpoint) => void;
  readonly #clock: Clock;
  readonly #plain = new Set<Endpoint>();
  /** When a dictionary that could not be had is worth another try, by the monotonic clock. */
  readonly #nextTry = new Map<Endpoint, number>();
  readonly #dictionaries = new Map<Endpoint, number>();
  /** Whose dictionary was fetched anew because it was refused, and has not worked since. */
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

  /** What to ask for in the next connection: see `Request.zstd`. */
  async choose(endpoint: Endpoint, signal: AbortSignal): Promise<true | number | null> {
    if (!this.#wanted || this.#plain.has(endpoint) || endpoint.protocol === "firehose") return null;
    // v1 has one dictionary for ever, and no parameter for it.
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
      this.#notice(endpoint, `cannot get the dictionary, connections are plain for now: ${why}`);
      return null;
    }
  }

  /** The server does not know our dictionary: fetches it again, once; then does without. */
  dictionaryRefused(endpoint: Endpoint): void {
    this.#dictionaries.delete(endpoint);
    if (this.#refetched.has(endpoint)) this.giveUp(endpoint, "the dictionary was refused twice");
    else this.#refetched.add(endpoint);
  }

  /** Asks this endpoint for plain frames from now on. False when it was plain already. */
  giveUp(endpoint: Endpoint, why: string): boolean {
    if (!this.#wanted || this.#plain.has(endpoint)) return false;
    this.#plain.add(endpoint);
    this.#notice(endpoint, `connections are plain from now on: ${why}`);
    return true;
  }

  /** A connection brought something. */
  worked(endpoint: Endpoint): void {
    this.#refetched.delete(endpoint);
  }

  #notice(endpoint: Endpoint, message: string): void {
    this.#onNotice({ code: "uncompressed", message }, endpoint);
  }
}
