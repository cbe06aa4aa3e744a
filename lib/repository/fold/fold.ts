/** Folds one commit into the working set. */

import type { Commit } from "../../decoder/event.ts";
import { type Content, creationOf } from "../../mapper/content.ts";
import type { Outcome } from "../outcome.ts";
import { TOO_MANY_WAIT } from "../waiting_limit.ts";
import { noteRecord } from "./account.ts";
import type { Entry, State } from "./entry.ts";
import type { World } from "./world.ts";

const OUTCOME_OF_STATE: Readonly<Record<State, Outcome>> = {
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
  /** Takes the newest revision once more: a dead letter that is tried again. */
  readonly again: boolean;
  /** Whether a record that has to wait for another may do so. */
  readonly mayWait: (entry: Entry) => boolean;
}

/**
 * Takes a commit when its revision is the newest, and says what became of it.
 *
 * Revs compare as bytes. They are ASCII (the decoder saw to that), so comparing code units is the same.
 */
export function foldCommit(
  world: World,
  commit: Commit,
  content: Content,
  { again, mayWait }: FoldOptions,
): Outcome {
  const entry = world.entry(commit);
  const account = world.account(commit.did);
  const { timeUs } = commit.position;
  const createdAt = creationOf(content, timeUs);
  const isEarlier = entry.createdAt === null || createdAt < entry.createdAt;

  noteRecord(account, timeUs);

  const purged = account.purgedUntilUs !== null && timeUs <= account.purgedUntilUs;
  // Void since the repository was rebuilt, and the rebuilt one may bring the same revision.
  if (purged && entry.rev === REBUILT) return "stale";
  if (entry.rev !== null) {
    const retried = again && entry.stored?.state === "rejected";
    if (commit.rev === entry.rev && !retried) return "duplicate";
    if (commit.rev < entry.rev) {
      // All that an older revision can still tell is that the record is older than was thought.
      if (isEarlier) {
        entry.createdAt = createdAt;
        entry.lowered = true;
      }
      return "stale";
    }
  }
  entry.rev = commit.rev;
  entry.cid = commit.cid;
  entry.timeUs = timeUs;
  if (isEarlier) entry.createdAt = createdAt;
  entry.content = purged ? { kind: "deleted" } : content;
  entry.accepted = true;

  let verdict = world.judge(entry);
  if (verdict.state === "waiting" && content.kind === "mapped" && !mayWait(entry)) {
    const { record } = content;
    entry.content = { kind: "rejected", refusal: TOO_MANY_WAIT, record, byDecoder: false };
    verdict = world.judge(entry);
  }
  if (verdict.state === "rejected") {
    entry.rejected.push({
      rev: commit.rev,
      reason: verdict.reason ?? "invalid_record",
      detail: verdict.detail ?? "",
    });
  }
  return OUTCOME_OF_STATE[verdict.state];
}
