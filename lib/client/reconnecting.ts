import { backoffMs } from "./backoff.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { ReconnectLimitError } from "./failure.ts";
import type { Observer } from "./observer.ts";
import type { Setback } from "./setback.ts";

/** How to come back after a failure. */
export interface ReconnectSettings {
  /** Longest wait after the first failure, milliseconds. */
  readonly baseMs: number;
  /** Longest wait of all, milliseconds. */
  readonly maxMs: number;
  /** From so many failures in a row on, each is an alert; 0 for never. */
  readonly alertAttempts: number;
  /** Gives up after so many failures in a row; 0 for never. */
  readonly maxAttempts: number;
}

export interface ReconnectingOptions {
  readonly settings: ReconnectSettings;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Counts failures in a row, whichever endpoint they are of, and waits for longer after each. */
export class Reconnecting {
  readonly #options: ReconnectingOptions;
  #failures = 0;

  constructor(options: ReconnectingOptions) {
    this.#options = options;
  }

  /** Attempts in a row that came to nothing. */
  get failures(): number {
    return this.#failures;
  }

  /** A connection brought something new. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** @throws {ReconnectLimitError} after `maxAttempts` failures in a row */
  async waitAfter(
    { error, failed, leastWaitMs }: Setback,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): Promise<void> {
    const { settings, observer, clock, random } = this.#options;
    const { maxMs, alertAttempts, maxAttempts } = settings;
    const failures = this.#failures = failed ? this.#failures + 1 : 0;
    const jittered = backoffMs(Math.max(0, failures - 1), settings, random());
    const retryInMs = Math.min(maxMs, Math.max(jittered, leastWaitMs));
    if (failed) {
      observer.attemptFailed?.({ endpoint, failures, error, retryInMs });
      if (alertAttempts > 0 && failures >= alertAttempts) {
        observer.alert?.({ endpoint, failures, error });
      }
      if (maxAttempts > 0 && failures >= maxAttempts) {
        throw new ReconnectLimitError(failures, error);
      }
    }
    await sleep(retryInMs, clock, signal);
  }
}
