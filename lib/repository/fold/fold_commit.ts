/** Folds one commit into the working set. */

import type { Commit, Refusal } from "../../decoder/event.ts";
import { creationOf, DELETED, type Revision } from "../../mapper/content.ts";
import type { Outcome } from "../outcome.ts";
import { noteRecord } from "./account.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";
import type { WorkingSet } from "./working_set.ts";

/** What becomes of an event whose revision its record has. */
export const OUTCOME_OF_STATE: Readonly<Record<State, Outcome>> = {
  applied: "applied",
  deleted: "applied",
  suppressed: "applied",
  unmapped: "applied",
  waiting: "waiting",
  rejected: "dead_letter",
};

/** The revision of a record that is void until its rebuilt repository brings it again: below any other. */
export const REBUILT = "";

export interface FoldOptions {
  /**
   * Records in this state take their newest revision once more: rejected ones of a dead letter that is tried
   * again, and deleted ones that their source has. Null: none do.
   */
  readonly again: State | null;
  /** What the commit brings. Asked only when its revision is taken. */
  readonly revisionOf: (commit: Commit) => Revision;
}

/**
 * Whether a commit brings a revision that the record doesn't have yet.
 *
 * Revs compare as bytes. They are ASCII (the decoder saw to that), so comparing code units is the same.
 */
export function isNews({ rev }: Commit, entry: Entry, again: State | null): boolean {
  if (entry.rev === null || rev > entry.rev) return true;
  return rev === entry.rev && again !== null && entry.stored?.state === again;
}

/** Takes a commit when its revision is news, and says what became of it. */
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
  // Void since the repository was rebuilt, and the rebuilt one may bring the same revision.
  if (purged && entry.rev === REBUILT) return "stale";
  if (!isNews(commit, entry, again)) {
    if (commit.rev === entry.rev) return "duplicate";
    // All that an older revision can still tell is that the record is older than was thought.
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

/** Rejects the revision that was taken last, for what it is among the others. */
export function refuse(workingSet: WorkingSet, entry: Entry, refusal: Refusal): Outcome {
  entry.content = { kind: "rejected", refusal, byDecoder: false };
  return outcomeOf(workingSet, entry);
}

/** Takes the creation time that a commit tells, where it is the least so far. */
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
