/** A retry of dead letters, as the server asks for it. The indexer writes. */

import type { LetterFilter } from "../../repository/dead_letters/letter_filter.ts";

/** Which open letters to retry: one, or those that match a filter. */
export type RetrySelection = { readonly id: number } | LetterFilter;

export interface RetryResult {
  /** Letters that were retried. Letters with only an excerpt can't be. */
  readonly tried: number;
  readonly resolved: number;
  /** The letters that the retry did not resolve. */
  readonly letters: readonly { readonly id: number; readonly why: string }[];
}

/** Rejects while the database is unavailable. */
export type RetryLetters = (selection: RetrySelection) => Promise<RetryResult>;
