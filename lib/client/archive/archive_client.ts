import type { Secret } from "../../secret.ts";
import { backoffMs } from "../backoff.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { ReconnectLimitError } from "../live/stream_error.ts";
import type { ReconnectSettings } from "../live/reconnecting.ts";
import { ArchiveDamagedError, ArchiveMissingError, DamageError } from "./archive_error.ts";
import { type HttpAnswer, type HttpRequest, LongAnswerError, send } from "./http_request.ts";
import type { ArchiveObserver } from "./replay_observer.ts";
import { nextStepAfter } from "./failed_request.ts";
import { MAX_DEFERRAL_MS, RateLimit } from "./rate_limit.ts";

export type ArchiveMethod = "planSnapshot" | "getSegment" | "getBlock";

/** One request, without the parts that all requests share. */
export interface ArchiveRequest extends Pick<HttpRequest, "body" | "expects" | "maxBytes"> {
  readonly method: ArchiveMethod;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bypass caches, because an earlier answer was damaged. */
  readonly fresh?: boolean;
  /** An answer that is too long is reported to the caller and not requested again. */
  readonly mayBeLong?: boolean;
}

export interface ClientOptions {
  /** A v2 endpoint: the archive is on the same server. */
  readonly endpoint: Endpoint;
  readonly apiKey: Secret | null;
  readonly reconnect: ReconnectSettings;
  readonly observer: ArchiveObserver;
  /** How long a missing archive is retried, milliseconds; null: forever. */
  readonly missingMs?: number | null;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

/** First wait after a failure: short for a lost connection, long enough for a server. */
const BASE_MS = 500;

/** How often damaged data is fetched before an error is thrown. */
export const DAMAGE_TRIES = 4;

const SUBSCRIBE = "subscribeEvents";

/**
 * Sends requests to one archive until they are answered. Requests run in parallel; a Retry-After of the
 * server delays all of them.
 */
export class ArchiveClient {
  readonly #options: ClientOptions;
  readonly #limit: RateLimit;
  #downloaded = 0;

  /** @throws {TypeError} for an endpoint that is not v2: it has no archive */
  constructor(options: ClientOptions) {
    const { protocol, source } = options.endpoint;
    if (protocol !== "v2") {
      throw new TypeError(
        `cannot read an archive: got ${source}, expected a server that speaks v2`,
      );
    }
    this.#options = options;
    this.#limit = new RateLimit(options);
  }

  get observer(): ArchiveObserver {
    return this.#options.observer;
  }

  /** Bytes of all answers. */
  get downloaded(): number {
    return this.#downloaded;
  }

  /**
   * The answer to a request, however long that takes. Temporary failures are retried with backoff and full
   * jitter, or when the server says.
   *
   * @throws {ArchiveRefusedError} when the server would never answer it
   * @throws {HttpError} for a file that is missing or was replaced
   * @throws {LongAnswerError} when the answer is too long and the request allows for that
   * @throws {ArchiveMissingError} when all answers for `missingMs` were that there is no archive
   * @throws {ReconnectLimitError} after the configured number of failures in a row
   * @throws the reason of `signal` when that aborts
   */
  async request(request: ArchiveRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { fetch, clock } = this.#options;
    let missingSince: number | null = null;
    for (let failures = 0, deferrals = 0;;) {
      await this.#limit.passed(signal);
      try {
        const answer = await send(this.#http(request), { fetch, clock, signal });
        this.#downloaded += answer.bytes.length;
        if (failures > 0) this.observer.answered?.({ request: request.method });
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (request.mayBeLong && error instanceof LongAnswerError) throw error;
        const next = nextStepAfter(error, clock.now());
        if (next.kind === "final") throw next.error;
        if (next.kind === "defer") {
          // A time that is over by now would mean no wait at all.
          this.#limit.defer(Math.max(next.ms ?? 0, this.#backoff(deferrals++)));
        } else {
          const { error } = next;
          // A plan shows that the archive exists.
          const isMissing = request.method === "planSnapshot" &&
            error instanceof ArchiveMissingError;
          if (!isMissing) missingSince = null;
          else if (this.#isGivenUp(missingSince ??= clock.monotonic())) throw error;
          await this.#waitAfter(request, error, ++failures, next.atLeastMs, signal);
        }
      }
    }
  }

  /**
   * The result of `get` for an answer. When `get` finds the answer damaged, it is requested again, a few
   * times.
   *
   * @param what its name, for messages
   * @throws {ArchiveDamagedError} when it stays damaged
   */
  async undamaged<T>(
    what: string,
    signal: AbortSignal,
    get: (fresh: boolean) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await get(tries > 1);
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        if (tries === DAMAGE_TRIES) throw new ArchiveDamagedError(what, tries, error);
        const message =
          `${what} of the archive is damaged and is downloaded again: ${error.message}`;
        this.observer.notice?.({ code: "archive_damaged", message });
        await this.pause(tries - 1, signal);
      }
    }
  }

  /** Waits, longer after more failures in a row. */
  async pause(failures: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#backoff(failures), this.#options.clock, signal);
  }

  #isGivenUp(missingSince: number): boolean {
    const { clock, missingMs = null } = this.#options;
    return missingMs !== null && clock.monotonic() - missingSince >= missingMs;
  }

  #backoff(failures: number): number {
    const { reconnect: { maxMs }, random } = this.#options;
    return backoffMs(failures, { baseMs: BASE_MS, maxMs }, random());
  }

  async #waitAfter(
    { method }: ArchiveRequest,
    error: Error,
    failures: number,
    atLeastMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { reconnect: { alertAttempts, maxAttempts }, observer, clock } = this.#options;
    const asked = Math.min(MAX_DEFERRAL_MS, atLeastMs);
    const retryInMs = Math.max(asked, this.#backoff(failures - 1));
    const alerting = alertAttempts > 0 && failures >= alertAttempts;
    observer.attemptFailed?.({ request: method, failures, error, retryInMs, alerting });
    if (maxAttempts > 0 && failures >= maxAttempts) throw new ReconnectLimitError(failures, error);
    await sleep(retryInMs, clock, signal);
  }

  #http(request: ArchiveRequest): HttpRequest {
    const { apiKey } = this.#options;
    const { body, expects, maxBytes, fresh = false, headers = {} } = request;
    return {
      url: this.#url(request),
      method: body === undefined ? "GET" : "POST",
      headers: {
        // Neither the length nor the range of a compressed answer could be checked.
        "Accept-Encoding": "identity",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(apiKey === null ? {} : { "Authorization": `Bearer ${apiKey.reveal()}` }),
        ...(fresh ? { "Cache-Control": "no-cache" } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      expects,
      maxBytes,
    };
  }

  /** The method replaces the live stream's, after any prefix of a proxy. */
  #url({ method, query = {} }: ArchiveRequest): URL {
    const { endpoint, apiKey } = this.#options;
    const url = new URL(endpoint.url);
    // `fetch` would send these as a second authorization.
    if (apiKey !== null) url.username = url.password = "";
    url.protocol = url.protocol === "wss:" ? "https:" : "http:";
    url.pathname = url.pathname.slice(0, -SUBSCRIBE.length) + method;
    url.search = new URLSearchParams(query).toString();
    return url;
  }
}
