/** A retry by hand, with the reason for each letter that stays open. */

import { letterStates } from "../repository/dead_letters/dead_letters.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { LetterRetries } from "./letter_retries.ts";

export interface ToldRetry {
  readonly tried: number;
  readonly resolved: number;
  /** The letters that the retry did not resolve. */
  readonly letters: readonly { readonly id: number; readonly why: string }[];
}

/** Retries letters. */
export async function retryLetters(
  retries: LetterRetries,
  sql: Sql,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<ToldRetry> {
  const before = await letterStates(sql, ids);
  const { tried, resolved } = await retries.retry(ids, signal);
  const after = await letterStates(sql, ids);
  const letters = ids.flatMap((id) => {
    const was = before.get(id);
    const is = after.get(id);
    if (was === undefined || is === undefined) return [{ id, why: "there is no such dead letter" }];
    if (was.resolution !== null) return [{ id, why: `it was ${was.resolution} before` }];
    if (is.resolution !== null) return [];
    const why = was.isRetriable
      ? `refused again, ${is.reason}: ${is.detail}`
      : "only an excerpt is kept of it, which can't be tried";
    return [{ id, why }];
  });
  return { tried, resolved, letters };
}
