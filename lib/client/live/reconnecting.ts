import type { AttemptEnd } from "./attempt_end.ts";
import { backoffMs } from "../backoff.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { ReconnectLimitError } from "./stream_error.ts";
import type { Observer } from "./stream_observer.ts";

/** How to reconnect after a failure. */
export interface ReconnectSettings {
  /** Longest wait after the first failure, milliseconds. */
  readonly baseMs: number;
  /** Longest wait of all, unless a server asks for more, milliseconds. */
  readonly maxMs: number;
  /** Each failure from this many in a row on is an alert; 0: never. */
  readonly alertAttempts: number;
  /** Stops after this many failures in a row; 0: never. */
  readonly maxAttempts: number;
}

export interface ReconnectingOptions {
  readonly settings: ReconnectSettings;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
}

/** After a refusal the wait is as long as after four more failures, and never below half of that. */
const REFUSED_STEPS = 4;

/** A server that brings something new is retried after at most this, or the time that it was read. */
const USEFUL_WAIT_MS = 5_000;

/**
 * Waits between connections, longer after each that did not last, whichever endpoint it was.
 *
 * The wait depends on how long a connection was open, not on what it brought: otherwise a server that sends
 * one event and closes would be reconnected to many times a second. What it brought decides whether the
 * attempt counts as a failure, for alerts and for `maxAttempts`.
 */
export class Reconnecting {
  readonly #options: ReconnectingOptions;
  #failures = 0;
  /** Short connections and failed attempts in a row. */
  #short = 0;

  constructor(options: ReconnectingOptions) {
    this.#options = options;
  }

  /** Failed attempts in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** A connection brought something new. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * @param notBeforeMs how long every server asked not to be retried, at least
   * @throws {ReconnectLimitError} after `maxAttempts` failures in a row
   */
  async waitAfter(
    end: AttemptEnd,
    endpoint: Endpoint,
    notBeforeMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { settings: { alertAttempts, maxAttempts }, observer, clock } = this.#options;
    const { error, failed, steady } = end;
    this.#short = steady ? 0 : this.#short + 1;
    const failures = this.#failures = failed ? this.#failures + 1 : 0;
    // Added, so that clients with the same Retry-After come back at different times.
    const retryInMs = this.#waitMs(end) + notBeforeMs;
    if (failed) {
      const alerting = alertAttempts > 0 && failures >= alertAttempts;
      observer.attemptFailed?.({ endpoint, failures, error, retryInMs, alerting });
      if (maxAttempts > 0 && failures >= maxAttempts) {
        throw new ReconnectLimitError(failures, error);
      }
    }
    await sleep(retryInMs, clock, signal);
  }

  #waitMs({ failed, refused, openMs }: AttemptEnd): number {
    const { settings: { baseMs, maxMs }, random } = this.#options;
    const longestMs = failed ? maxMs : Math.min(maxMs, Math.max(USEFUL_WAIT_MS, openMs));
    const steps = Math.max(0, this.#short - 1) + (refused ? REFUSED_STEPS : 0);
    const drawn = random();
    // Full jitter can be zero, which ignores a server that asked for a pause.
    return backoffMs(steps, { baseMs, maxMs: longestMs }, refused ? (1 + drawn) / 2 : drawn);
  }
}
