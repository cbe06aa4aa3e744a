/** A retry that an operator requested, with the reason for each dead letter that stays open. */

import { deadLetterStates, openDeadLetterIds } from "../repository/dead_letters/dead_letters.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { RetryDeadLetters, RetryResult } from "../server/dead_letters/retry.ts";
import type { Database } from "../repository/connection/database.ts";
import type { DeadLetterRetries } from "./dead_letter_retries.ts";

/** A request retries no more dead letters than this; the others stay open for the next request. */
const MOST_AT_A_TIME = 500;

/** Retries what an operator selects. */
export function selectedRetry(
  retries: DeadLetterRetries,
  database: Database,
  signal: AbortSignal,
): RetryDeadLetters {
  return async (selection) => {
    const ids = "id" in selection
      ? [selection.id]
      : await openDeadLetterIds(database.sql, selection, MOST_AT_A_TIME);
    return await retryDeadLetters(retries, database.sql, ids, signal);
  };
}

/** Retries dead letters. */
export async function retryDeadLetters(
  retries: DeadLetterRetries,
  sql: Sql,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<RetryResult> {
  const before = await deadLetterStates(sql, ids);
  const { tried, resolved } = await retries.retry(ids, signal);
  const after = await deadLetterStates(sql, ids);
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
