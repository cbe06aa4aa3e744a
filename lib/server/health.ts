/** Whether the process does its work, and whether what it keeps is up to date. Pure. */

/** `failed`: it ended and will not come back. */
export type PipelineState = "starting" | "running" | "draining" | "failed";

export interface HealthFacts {
  readonly pipeline: PipelineState;
  /** How long the oldest uncommitted message has waited; 0 when none waits. */
  readonly oldestWaitingSeconds: number;
  /** Since the last commit; since the start when there was none. */
  readonly sinceProgressSeconds: number;
  /** There is a connection, or a pause that will make one when it ends. */
  readonly connected: boolean;
  readonly migrated: boolean;
  readonly databaseUp: boolean;
  readonly lagSeconds: number;
}

/** Why not. A closed list, without details: these answers are open to all, the log is not. */
export type HealthReason =
  | "pipeline_failed"
  | "no_progress"
  | "starting"
  | "draining"
  | "not_migrated"
  | "not_connected"
  | "database_down"
  | "behind";

/** Empty reasons mean yes. */
export type Verdict = readonly HealthReason[];

/** A batch takes milliseconds, a reconnection to Postgres seconds. */
export const STALL_SECONDS = 60;

const CAUGHT_UP_SECONDS = 60;

/**
 * Why the process does not do its work: its pipeline is dead, or messages wait and nothing was
 * committed for a minute. Waiting alone is no fault, and neither is a quiet stream.
 */
export function unhealthyReasons(facts: HealthFacts): Verdict {
  if (facts.pipeline === "failed") return ["pipeline_failed"];
  const stalled = facts.oldestWaitingSeconds > STALL_SECONDS &&
    facts.sinceProgressSeconds > STALL_SECONDS;
  return stalled ? ["no_progress"] : [];
}

/** Why what is kept may be out of date: all the reasons that hold. */
export function unreadyReasons(facts: HealthFacts): Verdict {
  const reasons: HealthReason[] = [...unhealthyReasons(facts)];
  if (facts.pipeline === "starting") reasons.push("starting");
  if (facts.pipeline === "draining") reasons.push("draining");
  if (!facts.migrated) reasons.push("not_migrated");
  if (!facts.connected) reasons.push("not_connected");
  if (!facts.databaseUp) reasons.push("database_down");
  if (facts.lagSeconds > CAUGHT_UP_SECONDS) reasons.push("behind");
  return reasons;
}

/** What a reason means, for a person. */
export const HEALTH_MEANING: Readonly<Record<HealthReason, string>> = {
  pipeline_failed: "the pipeline has ended with an error",
  no_progress: `messages wait and nothing was committed for ${STALL_SECONDS} s`,
  starting: "the pipeline has not started yet",
  draining: "the process is about to end",
  not_migrated: "the migrations have not been applied yet",
  not_connected: "there is no connection to the stream",
  database_down: "the database does not answer",
  behind: `what is stored is more than ${CAUGHT_UP_SECONDS} s behind the stream`,
};
