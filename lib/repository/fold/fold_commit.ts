/** Folds one commit into the working set. */

import type { Commit, Refusal } from "../../decoder/event.ts";
import { creationOf, DELETED, type Revision } from "../../mapper/content.ts";
import type { Outcome } from "../outcome.ts";
import { noteRecord } from "./account.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";
import type { WorkingSet } from "./working_set.ts";

/** The outcome of an event whose revision is the record's newest. */
export const OUTCOME_OF_STATE: Readonly<Record<State, Outcome>> = {
  applied: "applied",
  deleted: "applied",
  suppressed: "applied",
  unmapped: "applied",
  waiting: "waiting",
  rejected: "dead_letter",
};

/**
 * The revision of a record that is void after a rebuild, until the repository brings it again. Sorts below
 * any other.
 */
export const REBUILT = "";

export interface FoldOptions {
  /**
   * Records in this state accept their newest revision again: rejected ones when a dead letter is retried,
   * deleted ones when the source still has them. Null: no records.
   */
  readonly again: State | null;
  /** The content of a commit. Called only when the revision is accepted. */
  readonly revisionOf: (commit: Commit) => Revision;
}

/**
 * Whether a commit brings a revision that the record doesn't have yet.
 *
 * Revs compare as bytes. The decoder accepts only ASCII, so comparing code units is the same.
 */
export function isNews({ rev }: Commit, entry: Entry, again: State | null): boolean {
  if (entry.rev === null || rev > entry.rev) return true;
  return rev === entry.rev && again !== null && entry.stored?.state === again;
}

/** Accepts a commit when its revision is new. Returns the outcome. */
export function foldCommit(
  workingSet: WorkingSet,
  entry: Entry,
  commit: Commit,
  { again, revisionOf }: FoldOptions,
): Outcome {
  const account = workingSet.account(commit.did);
  const { timeUs } = commit.position;

  noteRecord(account, timeUs);

  const purged = account.purgedUntilUs !== null && timeUs <= account.purgedUntilUs;
  // The record is void since its repository was rebuilt; the rebuilt one may bring the same revision.
  if (purged && entry.rev === REBUILT) return "stale";
  if (!isNews(commit, entry, again)) {
    if (commit.rev === entry.rev) return "duplicate";
    // An older revision can change only the creation time, to an earlier one.
    if (lower(entry, commit)) entry.lowered = true;
    return "stale";
  }
  lower(entry, commit);
  entry.rev = commit.rev;
  entry.cid = commit.cid;
  entry.timeUs = timeUs;
  const { content, body } = purged ? DELETED : revisionOf(commit);
  entry.content = content;
  entry.body = body;
  entry.bytes = null;
  entry.accepted = true;
  return outcomeOf(workingSet, entry);
}

/** Rejects the revision that was accepted last, because of other records. */
export function refuse(workingSet: WorkingSet, entry: Entry, refusal: Refusal): Outcome {
  entry.content = { kind: "rejected", refusal, byDecoder: false };
  return outcomeOf(workingSet, entry);
}

/** Uses the creation time of a commit when it is the earliest so far. */
function lower(entry: Entry, commit: Commit): boolean {
  const createdAt = creationOf(commit);
  if (entry.createdAt !== null && createdAt >= entry.createdAt) return false;
  entry.createdAt = createdAt;
  return true;
}

function outcomeOf(workingSet: WorkingSet, entry: Entry): Outcome {
  const { state, reason, detail } = workingSet.judge(entry);
  if (state === "rejected") {
    const revision = {
      rev: entry.rev ?? "",
      reason: reason ?? "invalid_record",
      detail: detail ?? "",
    };
    entry.rejected = [...entry.rejected, revision];
  }
  return OUTCOME_OF_STATE[state];
}
