/** A retry that an operator requested, with the reason for each dead letter that stays open. */

import { letterStates, openLetters } from "../repository/dead_letters/dead_letters.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { RetryLetters, RetryResult } from "../server/dead_letters/retry.ts";
import type { Database } from "../repository/connection/database.ts";
import type { LetterRetries } from "./letter_retries.ts";

/** A request retries no more dead letters than this; the others stay open for the next request. */
const MOST_AT_A_TIME = 500;

/** Retries what an operator selects. */
export function selectedRetry(
  retries: LetterRetries,
  database: Database,
  signal: AbortSignal,
): RetryLetters {
  return async (selection) => {
    const ids = "id" in selection
      ? [selection.id]
      : await openLetters(database.sql, selection, MOST_AT_A_TIME);
    return await retryLetters(retries, database.sql, ids, signal);
  };
}

/** Retries dead letters. */
export async function retryLetters(
  retries: LetterRetries,
  sql: Sql,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<RetryResult> {
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
      : "only an excerpt of it is kept, which can't be retried";
    return [{ id, why }];
  });
  return { tried, resolved, letters };
}
