/**
 * Whether the process does its work, and whether its data is up to date. Pure. To add a reason: one row in
 * `RULES`, and its input in `Condition` (`condition.ts`).
 */

import { sqlStateClass } from "../../sqlstate_table.ts";
import type { Condition } from "./condition.ts";
import type { DatabaseFailure } from "./database_facts.ts";
import { replayText } from "./replay_summary.ts";
import type { StreamFault } from "./stream_facts.ts";

/** A closed list that probes and alerts can rely on. */
export type HealthReason =
  | "pipeline_failed"
  | "starting"
  | "draining"
  | "not_migrated"
  | StreamFault
  | "database_down"
  | "database_blocked"
  | "database_refusing"
  | "replaying"
  | "not_connected"
  | "no_progress"
  | "clock"
  | "behind";

export interface Answer {
  readonly ok: boolean;
  /** All reasons that hold, causes before effects. */
  readonly reasons: readonly { readonly code: HealthReason; readonly message: string }[];
}

interface Rule {
  readonly code: HealthReason;
  /** Whether the process does not do its work: `/health` reports it too. */
  readonly unhealthy?: true;
  readonly holds: (condition: Condition) => boolean;
  /** For a person, and without details: these answers are public. */
  readonly says: (condition: Condition) => string;
}

/** A batch takes milliseconds, a reconnection to Postgres seconds. */
export const STALL_SECONDS = 60;

const CAUGHT_UP_SECONDS = 60;

/** In the order in which they are reported. */
const RULES: readonly Rule[] = [
  {
    code: "pipeline_failed",
    unhealthy: true,
    holds: ({ pipeline }) => pipeline === "failed",
    says: () => "the pipeline has ended with an error",
  },
  {
    code: "starting",
    holds: ({ pipeline }) => pipeline === "starting",
    says: () => "the pipeline has not started yet",
  },
  {
    code: "draining",
    holds: ({ pipeline }) => pipeline === "draining",
    says: () => "the process is about to end",
  },
  {
    code: "not_migrated",
    holds: ({ migrated }) => !migrated,
    says: () => "the migrations have not been applied yet",
  },
  {
    code: "database_down",
    holds: ({ databaseFailure }) => databaseFailure !== null,
    says: ({ databaseFailure }) =>
      codeText(databaseFailure) === ""
        ? "the database does not answer"
        : `the database can't be used${codeText(databaseFailure)}`,
  },
  {
    code: "database_blocked",
    holds: ({ databaseBlocked }) => databaseBlocked,
    says: () => "the database is up, but another session holds a lock that the indexer waits for",
  },
  {
    code: "database_refusing",
    // A lock makes statements fail too: then the lock is the cause.
    holds: ({ databaseRefusal, databaseBlocked }) => databaseRefusal !== null && !databaseBlocked,
    says: ({ databaseRefusal }) =>
      `the database answers but rejects writes${codeText(databaseRefusal)}`,
  },
  {
    code: "replaying",
    holds: ({ replay }) => replay !== null,
    says: ({ replay }) => replay === null ? "" : replayText(replay),
  },
  {
    code: "not_connected",
    // The live stream is read after the archive.
    holds: ({ connected, replay }) => !connected && replay === null,
    says: () => "there is no connection to the stream",
  },
  {
    code: "quiet_stream",
    holds: ({ streamFault }) => streamFault === "quiet_stream",
    says: () => "the stream is connected but sends no event",
  },
  {
    code: "undecodable_stream",
    holds: ({ streamFault }) => streamFault === "undecodable_stream",
    says: () => "the stream sends only undecodable messages",
  },
  {
    // Waiting alone is no fault, and neither is a quiet stream.
    code: "no_progress",
    unhealthy: true,
    holds: ({ pipeline, oldestWaitingSeconds, sinceProgressSeconds }) =>
      pipeline !== "failed" && oldestWaitingSeconds > STALL_SECONDS &&
      sinceProgressSeconds > STALL_SECONDS,
    says: () => `messages wait and nothing was committed for ${STALL_SECONDS} s`,
  },
  {
    // With a wrong clock the lag is unknown.
    code: "clock",
    holds: ({ clockAheadSeconds }) => clockAheadSeconds > 0,
    says: ({ clockAheadSeconds }) =>
      `all events are at least ${clockAheadSeconds} s ahead of this machine's clock`,
  },
  {
    code: "behind",
    holds: ({ lagSeconds, notesSeconds, replay }) =>
      (lagSeconds > CAUGHT_UP_SECONDS && replay === null) || notesSeconds > CAUGHT_UP_SECONDS,
    says: () => `the stored data is more than ${CAUGHT_UP_SECONDS} s behind the stream`,
  },
];

/** Every reason, and whether `/health` reports it too. */
export const HEALTH_REASONS: readonly {
  readonly code: HealthReason;
  readonly unhealthy: boolean;
}[] = RULES.map(({ code, unhealthy = false }) => ({ code, unhealthy }));

/** Whether the process does its work. */
export function healthOf(condition: Condition): Answer {
  return answer(RULES.filter(({ unhealthy }) => unhealthy), condition);
}

/** Whether the data is up to date. */
export function readinessOf(condition: Condition): Answer {
  return answer(RULES, condition);
}

function answer(rules: readonly Rule[], condition: Condition): Answer {
  const reasons = rules.filter(({ holds }) => holds(condition))
    .map(({ code, says }) => ({ code, message: says(condition) }));
  return { ok: reasons.length === 0, reasons };
}

/** A socket's code can be anything, so it is not shown publicly. */
function codeText(failure: Pick<DatabaseFailure, "code"> | null): string {
  const code = failure?.code ?? null;
  return sqlStateClass(code) === "unanswered" ? "" : ` (SQLSTATE ${code})`;
}
