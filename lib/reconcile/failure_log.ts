/** Logs repositories that can't be compared: for many similar failures, one line a minute. */

import type { Clock } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import { SourceError } from "../pds/source_error.ts";

/** Failures of one host and kind within this time share one line, milliseconds. */
const ALIKE_MS = 60_000;

/** Hosts are chosen by others, so the number of remembered ones is limited. */
const MOST = 1_000;

interface Told {
  readonly at: number;
  /** Failures since then that were not logged. */
  others: number;
}

export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #told = new Map<string, Told>();

  constructor(logger: Logger, clock: Pick<Clock, "monotonic">) {
    this.#logger = logger;
    this.#clock = clock;
  }

  failed(did: string, error: unknown): void {
    const { failure, host } = error instanceof SourceError
      ? error
      : { failure: "failed", host: null };
    const key = `${failure} ${host ?? ""}`;
    const now = this.#clock.monotonic();
    const told = this.#told.get(key);
    if (told !== undefined && now - told.at < ALIKE_MS) {
      told.others++;
      return;
    }
    if (this.#told.size >= MOST) this.#told.clear();
    this.#told.set(key, { at: now, others: 0 });
    const others = told?.others ?? 0;
    const fields = { did, failure, error, ...(others === 0 ? {} : { others }) };
    this.#logger.warn("cannot reconcile a repository", fields);
  }
}
