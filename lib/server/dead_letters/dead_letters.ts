/** The dead letters as the server sees them. The repository answers. */

import type { JsonObject } from "../../decoder/json.ts";
import type { LetterFilter } from "../../repository/dead_letters/letter_filter.ts";

/** A dead letter without its payload. */
export interface DeadLetter {
  readonly id: number;
  readonly reason: string;
  /** What was found where; never a value that could be a place. */
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

/** Which open letters to try again: one, or those that a filter finds. */
export type RetrySelection = { readonly id: number } | LetterFilter;

export interface RetryResult {
  /** Letters that were tried; those of which only an excerpt is kept can't be. */
  readonly tried: number;
  /** Letters that are resolved now. */
  readonly resolved: number;
  /** Why each of the others is not. */
  readonly letters?: readonly { readonly id: number; readonly why: string }[];
}

/** What operators do with dead letters. Every method rejects while the database is away. */
export interface DeadLetters {
  list(query: DeadLetterQuery): Promise<readonly DeadLetter[]>;
  /** How many a filter finds. */
  count(filter: LetterFilter): Promise<number>;
  /** Null when there is none with that id. */
  show(id: number): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null>;
  retry(selection: RetrySelection): Promise<RetryResult>;
  /** Closes an open letter without its effect. False when there is no open one with that id. */
  discard(id: number): Promise<boolean>;
  /** Closes the open letters that a filter finds. False, and nothing is done, when they are not so many. */
  discardAll(filter: LetterFilter, count: number): Promise<boolean>;
}
