/** Logs repositories that can't be compared: for many similar failures, one line a minute. */

import type { Clock } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import { SourceError } from "../pds/source_error.ts";

/** Failures of one host and kind within this time share one line, milliseconds. */
const ALIKE_MS = 60_000;

/** Hosts are chosen by others, so the number of remembered ones is limited. */
const MOST = 1_000;

interface LoggedFailure {
  readonly at: number;
  /** Failures since then that were not logged. */
  others: number;
}

export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #logged = new Map<string, LoggedFailure>();

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
    const logged = this.#logged.get(key);
    if (logged !== undefined && now - logged.at < ALIKE_MS) {
      logged.others++;
      return;
    }
    if (this.#logged.size >= MOST) this.#logged.clear();
    this.#logged.set(key, { at: now, others: 0 });
    const others = logged?.others ?? 0;
    const fields = { did, failure, error, ...(others === 0 ? {} : { others }) };
    this.#logger.warn("cannot reconcile a repository", fields);
  }
}
