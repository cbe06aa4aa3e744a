/** The dead letters for the server; the repository implements it. */

import type { JsonObject } from "../../decoder/json.ts";
import type { LetterFilter } from "../../repository/dead_letters/letter_filter.ts";

/** A dead letter without its payload. */
export interface DeadLetter {
  readonly id: number;
  readonly reason: string;
  /** What was found, and where; never a value that could be a place. */
  readonly detail: string;
  readonly did: string | null;
  readonly collection: string | null;
  readonly rkey: string | null;
  readonly rev: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: string | null;
}

export interface DeadLetterQuery extends LetterFilter {
  readonly state: "open" | "resolved";
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only ids below this one: the next page. */
  readonly before?: number;
}

/** Which open letters to retry: one, or those that match a filter. */
export type RetrySelection = { readonly id: number } | LetterFilter;

export interface RetryResult {
  /** Letters that were retried; those with only an excerpt can't be. */
  readonly tried: number;
  /** Letters that are resolved now. */
  readonly resolved: number;
  /** Why each of the others is not resolved. */
  readonly letters?: readonly { readonly id: number; readonly why: string }[];
}

/** The operations on dead letters. Every method rejects while the database is unavailable. */
export interface DeadLetters {
  list(query: DeadLetterQuery): Promise<readonly DeadLetter[]>;
  /** How many match a filter. */
  count(filter: LetterFilter): Promise<number>;
  /** Null when there is none with that id. */
  show(id: number): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null>;
  retry(selection: RetrySelection): Promise<RetryResult>;
  /** Closes an open letter without applying it. False when there is no open one with that id. */
  discard(id: number): Promise<boolean>;
  /**
   * Closes the open letters that match a filter. When their number is not `count`: false, and nothing is
   * done.
   */
  discardAll(filter: LetterFilter, count: number): Promise<boolean>;
}
