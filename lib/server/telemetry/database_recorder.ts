/** Records whether the database answers, and what it counts. */

import { isUnanswered } from "../../sqlstate_table.ts";
import type { OpenCounts } from "../../repository/status/table_counts.ts";
import type { Blocked } from "../facts/database_facts.ts";
import type { Clocks, Facts } from "../facts/facts.ts";

export class DatabaseRecorder {
  readonly #facts: Facts;
  readonly #clocks: Clocks;
  readonly #observe: () => void;

  /** `observe` adds the current lag to the history; every report calls it, some times a minute. */
  constructor(facts: Facts, clocks: Clocks, observe: () => void) {
    this.#facts = facts;
    this.#clocks = clocks;
    this.#observe = observe;
  }

  migrated(): void {
    this.#facts.migrated = true;
    this.answered();
  }

  /** The database answered, with any result. */
  answered(): void {
    this.#observe();
    const { database } = this.#facts;
    database.answers = true;
    database.answeredAt = this.#clocks.monotonic();
    database.failure = null;
  }

  /** A query sent at that time, by the monotonic clock, has no answer yet. */
  silent(askedAt: number): void {
    // A later query was answered: the database itself is not slow.
    if (this.#facts.database.answeredAt < askedAt) this.failed(null);
  }

  /** The database could not be queried. */
  failed(code: string | null): void {
    this.#observe();
    const { database } = this.#facts;
    database.answers = false;
    database.failure = {
      code: code === "unknown" ? null : code,
      sinceMs: database.failure?.sinceMs ?? this.#clocks.now(),
    };
  }

  /** A write failed: it had no answer, or the database rejected it, which holds until `accepted`. */
  rejected(code: string | null): void {
    if (isUnanswered(code)) return this.failed(code);
    const { database } = this.#facts;
    database.refusal = { code, sinceMs: database.refusal?.sinceMs ?? this.#clocks.now() };
  }

  /** The database accepted a write, or the claim of a lease. */
  accepted(): void {
    this.#facts.database.refusal = null;
    this.answered();
  }

  counted(counts: Partial<OpenCounts>): void {
    this.answered();
    const { database } = this.#facts;
    database.counts = { ...database.counts, ...counts };
  }

  /** Another session holds a lock that we wait for. Null: no longer. */
  blocked(blocked: Blocked | null): void {
    const { database } = this.#facts;
    database.blocked = blocked &&
      { ...blocked, sinceMs: Math.min(blocked.sinceMs, database.blocked?.sinceMs ?? Infinity) };
  }
}
