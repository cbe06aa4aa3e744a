/** What health and readiness are judged by, derived from the facts at a moment. */

import type { DatabaseFailure } from "./database_facts.ts";
import {
  isConnectedAsNeeded,
  lagSeconds,
  oldestWaitingSeconds,
  sinceProgressSeconds,
} from "./derived.ts";
import type { Facts, Now, PipelineState } from "./facts.ts";
import { type Replay, replayOf } from "./replay_summary.ts";
import type { StreamFault } from "./stream_facts.ts";

export interface Condition {
  readonly pipeline: PipelineState;
  /** How long the oldest uncommitted message has waited; 0 when none waits. */
  readonly oldestWaitingSeconds: number;
  /** Since the last commit or progress within a batch; since the start when there was neither. */
  readonly sinceProgressSeconds: number;
  /** There is a connection, or a pause that will end with one, or none is needed: a standby. */
  readonly connected: boolean;
  readonly migrated: boolean;
  /** Why the database does not answer. Null: it does. */
  readonly databaseFailure: Pick<DatabaseFailure, "code"> | null;
  readonly databaseBlocked: boolean;
  readonly databaseRefusal: Pick<DatabaseFailure, "code"> | null;
  readonly lagSeconds: number;
  /** Age of the oldest note between partitions. */
  readonly notesSeconds: number;
  /** The stream is open, but brings no event, or only undecodable ones. */
  readonly streamFault: StreamFault | null;
  /** How far all events are ahead of our clock; 0 when they aren't. */
  readonly clockAheadSeconds: number;
  /** Null: the archive is not replayed. */
  readonly replay: Replay | null;
}

export function conditionOf(facts: Facts, now: Now): Condition {
  const { database } = facts;
  return {
    pipeline: facts.pipeline,
    oldestWaitingSeconds: oldestWaitingSeconds(facts, now),
    sinceProgressSeconds: sinceProgressSeconds(facts, now),
    connected: isConnectedAsNeeded(facts),
    migrated: facts.migrated,
    databaseFailure: database.answers ? null : database.failure ?? { code: null },
    databaseBlocked: database.blocked !== null,
    databaseRefusal: database.refusal,
    lagSeconds: lagSeconds(facts, now),
    notesSeconds: database.counts.notesSeconds,
    streamFault: facts.connection.fault,
    clockAheadSeconds: Math.round((facts.reading.clockAheadMs ?? 0) / 1000),
    replay: replayOf(facts, now),
  };
}
