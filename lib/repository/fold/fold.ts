/** Folds one commit into the working set. */

import type { Commit } from "../../decoder/event.ts";
import type { Content } from "../../mapper/content.ts";
import type { Outcome } from "../outcome.ts";
import { noteRecord } from "./account.ts";
import type { State } from "./entry.ts";
import type { World } from "./world.ts";

const OUTCOME_OF_STATE: Readonly<Record<State, Outcome>> = {
  applied: "applied",
  deleted: "applied",
  suppressed: "applied",
  unmapped: "applied",
  waiting: "waiting",
  rejected: "dead_letter",
};

/**
 * Takes a commit when its revision is the newest, and says what became of it. `again` takes the
 * newest revision once more: a dead letter that is tried again.
 *
 * Revs compare as bytes. They are ASCII (the decoder saw to that), so comparing code units is the same.
 */
export function foldCommit(
  world: World,
  commit: Commit,
  content: Content,
  again: boolean,
): Outcome {
  const entry = world.entry(commit);
  const account = world.account(commit.did);
  const { timeUs } = commit.position;

  if (entry.rev !== null) {
    const retried = again && entry.stored?.state === "rejected";
    if (commit.rev === entry.rev && !retried) return "duplicate";
    if (commit.rev < entry.rev) return "stale";
  }
  if (account.purgedUntilUs !== null && timeUs <= account.purgedUntilUs) return "stale";

  entry.rev = commit.rev;
  entry.cid = commit.cid;
  entry.timeUs = timeUs;
  entry.content = content;
  entry.accepted = true;
  noteRecord(account, timeUs);

  const verdict = world.judge(entry);
  if (verdict.state === "rejected") {
    entry.rejected.push({
      rev: commit.rev,
      reason: verdict.reason ?? "invalid_record",
      detail: verdict.detail ?? "",
    });
  }
  return OUTCOME_OF_STATE[verdict.state];
}
