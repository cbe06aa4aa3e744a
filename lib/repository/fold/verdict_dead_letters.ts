/** Which dead letters a verdict opens, and which it closes. */

import type { JsonObject } from "../../decoder/json.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
import type { Entry } from "./entry.ts";
import type { Verdict } from "./verdict.ts";
import { bodyOf, type Writes } from "./writes.ts";

/**
 * Postgres rejected the row. The cause may be gone at the next attempt (a full index page, a PostGIS error),
 * so it is retried automatically. All other dead letters wait for an operator or a newer revision.
 */
const RETRY_AFTER_MS = 60_000;

/**
 * The dead letters of a record that this batch brought: one for each rejected revision, closed when a newer
 * revision has followed.
 */
export function writeDeadLetters(
  writes: Writes,
  entry: Entry,
  verdict: Verdict,
  reasons: string[],
): void {
  if (entry.stored?.state === "rejected") writes.settle(entry.key);
  for (const { rev, reason, detail } of entry.rejected) {
    reasons.push(reason);
    if (rev === entry.rev && verdict.state === "rejected") continue;
    writeDeadLetter(writes, entry, rev, { reason, detail, superseded: true });
  }
  if (verdict.state === "rejected") writeCurrent(writes, entry, verdict);
}

/** The dead letters of a record whose verdict changed because of other records. */
export function settleDeadLetters(
  writes: Writes,
  entry: Entry,
  verdict: Verdict,
  reasons: string[],
): void {
  if (entry.stored?.state === "rejected") writes.settle(entry.key);
  if (verdict.state !== "rejected") return;
  reasons.push(verdict.reason ?? "invalid_record");
  writeCurrent(writes, entry, verdict);
}

function writeCurrent(writes: Writes, entry: Entry, verdict: Verdict): void {
  const reason = verdict.reason ?? "invalid_record";
  const detail = verdict.detail ?? "";
  writeDeadLetter(writes, entry, entry.rev ?? "", { reason, detail, superseded: false });
}

function writeDeadLetter(
  writes: Writes,
  entry: Entry,
  rev: string,
  letter: { reason: string; detail: string; superseded: boolean },
): void {
  writes.deadLetter({
    ...letter,
    fingerprint: idempotencyKey(entry.key, rev),
    key: entry.key,
    rev,
    payload: letter.superseded ? null : payloadOf(entry),
    retryInMs: letter.reason === "database_refused" ? RETRY_AFTER_MS : null,
  });
}

/** What a retry of the revision needs. */
function payloadOf(entry: Entry): JsonObject {
  const { content } = entry;
  return {
    cid: entry.cid,
    time_us: entry.timeUs,
    record: bodyOf(entry).record,
    refusal: content?.kind === "rejected" && content.byDecoder ? { ...content.refusal } : null,
  };
}
