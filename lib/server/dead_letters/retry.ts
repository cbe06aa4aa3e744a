/** A retry of dead letters, as the server asks for it. The indexer writes. */

import type { DeadLetterFilter } from "../../repository/dead_letters/dead_letter_filter.ts";

/** Which open dead letters to retry: one, or those that match a filter. */
export type RetrySelection = { readonly id: number } | DeadLetterFilter;

export interface RetryResult {
  /** Dead letters that were retried. Dead letters with only an excerpt can't be. */
  readonly tried: number;
  readonly resolved: number;
  /** The dead letters that the retry did not resolve. */
  readonly letters: readonly { readonly id: number; readonly why: string }[];
}

/** Rejects while the database is unavailable. */
export type RetryDeadLetters = (selection: RetrySelection) => Promise<RetryResult>;
