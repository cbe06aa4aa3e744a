/**
 * Settles a deletion that the stream reported. The account's rows are hidden at once. What it published is removed
 * when the source confirms the deletion, or gives no answer for days: a relay that lies must not destroy records.
 */

import type { Account } from "../decoder/event.ts";
import { readRepository } from "../pds/repository_reader.ts";
import { SourceError, type Standing } from "../pds/source_error.ts";
import {
  type UnconfirmedDeletion,
  unconfirmedDeletion,
} from "../repository/reconcile/deletions.ts";
import { accountOf, batchOf, type ReconcileOptions } from "./reconcile.ts";

/** `none`: the account is no longer deleted. */
export type DeletionAnswer = "confirmed" | "refuted" | "none";

/**
 * Asks the source and applies its answer. When the source has the repository, the account becomes active again, and
 * its repository is compared. When the account is inactive for another reason, it becomes inactive for that reason.
 * Throws a `SourceError` when the source gives no answer.
 */
export async function settleDeletion(
  did: string,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<DeletionAnswer> {
  const deletion = await unconfirmedDeletion(options.sql(), did);
  if (deletion === null) return "none";
  const standing = await standingOf(did, options, signal);
  const isGone = standing === "gone" || standing === "undocumented";
  // After the deletion also if this machine's clock is behind the stream's. Otherwise the answer counts as older.
  const event = isGone
    ? confirmation(did, deletion)
    : accountOf(did, Math.max(options.now() * 1000, deletion.atUs + 1), standing);
  await options.write(batchOf([event]), signal);
  return isGone ? "confirmed" : "refuted";
}

/** Removes what an account published although its source gave no answer. */
export async function believeDeletion(
  did: string,
  options: Pick<ReconcileOptions, "sql" | "write">,
  signal: AbortSignal,
): Promise<void> {
  const deletion = await unconfirmedDeletion(options.sql(), did);
  if (deletion !== null) await options.write(batchOf([confirmation(did, deletion)]), signal);
}

async function standingOf(
  did: string,
  { reader }: ReconcileOptions,
  signal: AbortSignal,
): Promise<Standing | "active"> {
  try {
    await readRepository(did, reader, signal);
    return "active";
  } catch (error) {
    if (error instanceof SourceError && error.standing !== null) return error.standing;
    throw error;
  }
}

function confirmation(did: string, { atUs, heldUntilUs }: UnconfirmedDeletion): Account {
  return { ...accountOf(did, heldUntilUs, "gone"), status: "deleted", confirmed: atUs };
}
