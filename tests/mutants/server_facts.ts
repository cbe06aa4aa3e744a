import type { Mutant } from "./mutant.ts";

export const SERVER_FACTS: readonly Mutant[] = [
  {
    file: "lib/commands/run.ts",
    before: `    consumer: config.consumerName,
    logLinesDropped`,
    after: `    logLinesDropped`,
    rule: "each consumer has its own leader in the metrics",
    near: ["whole_program/fault_instances_test.ts"],
  },
  {
    file: "monitoring/alerts.yml",
    before: "expr: sum by (job, consumer, partition) (indexer_leader) == 0",
    after: "expr: sum by (job, partition) (indexer_leader) == 0",
    rule: "a consumer that nobody writes for is noticed beside another one",
    near: ["operation/monitoring_test.ts"],
  },
  {
    file: "lib/indexer/leadership_term.ts",
    before: `      context.telemetry.termEnded();
`,
    after: "",
    rule: "a leader that loses its lease in a pause is not paused as a standby",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/server/telemetry/telemetry.ts",
    before: `    this.facts.partitions = { of, held: [] };
    this.database.accepted();
`,
    after: `    this.facts.partitions = { of, held: [] };
`,
    rule: "what the database rejected at the start is forgotten once it accepts a claim",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/server/telemetry/telemetry.ts",
    before: "this.facts.partitions = { of, held: [] };",
    after: "this.facts.partitions = { ...this.facts.partitions, held: [] };",
    rule:
      "a partition that was removed has no series, so that nobody is paged because nobody leads it",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/indexer/partition_sharing.ts",
    before: "if (share.failure !== null) options.cannotClaim(share.failure);\n        else if",
    after: "if",
    rule: "an instance that may not claim a partition is no standby",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/indexer/preparation.ts",
    before:
      `      if (error instanceof ReadOnlyError) options.database.abandon(options.database.sql);
`,
    after: "",
    rule: "a start waits for a read-only database on a new session each time",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/server/facts/derived.ts",
    before: "return seconds > REPLAY_MOVES_SECONDS ? seconds : 0;",
    after: "return seconds;",
    rule: "a replay that moves is not told as stalled",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/facts/derived.ts",
    before: "lastTimedAtMs !== null && interruptedAtMs - lastTimedAtMs > QUIET_MS",
    after: "false",
    rule: "a quiet stream that is lost lags from its end, not from its last event",
    near: ["server/facts/health_test.ts"],
  },
  {
    file: "lib/server/facts/derived.ts",
    before: "if (newestTimeMs === null || nowMs - since > QUIET_MS) return 0;",
    after: "if (newestTimeMs === null) return 0;",
    rule: "a quiet stream is caught up, however old its last event is",
    near: ["server/facts/health_test.ts"],
  },
  {
    file: "lib/server/facts/derived.ts",
    before: "return Math.max(age, oldestWaitingSeconds(facts, now));",
    after: "return age;",
    rule: "an event from the future that waits lags for as long as it waits",
    near: ["server/metrics/meaning_test.ts"],
  },
  {
    file: "lib/server/telemetry/stream_recorder.ts",
    before: "const FUTURE_TOLERANCE_MS = 60_000;",
    after: "const FUTURE_TOLERANCE_MS = 120_000;",
    rule: "an event two minutes ahead does not hide the lag that follows",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/telemetry/batch_recorder.ts",
    before: `    database.accepted();
`,
    after: `    database.answered();
`,
    rule: "a database that commits again refuses nothing any more",
    near: ["server/paths_test.ts", "server/metrics/meaning_test.ts", "server/signals_test.ts"],
  },
  {
    file: "lib/server/telemetry/database_recorder.ts",
    before: "sinceMs: database.failure?.sinceMs ?? this.#clocks.now(),",
    after: "sinceMs: this.#clocks.now(),",
    rule: "a database is down since its first failure, not since the last",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/telemetry/database_recorder.ts",
    before: `    if (isUnanswered(code)) return this.failed(code);
`,
    after: "",
    rule: "a database that gives no answer is down",
    near: ["server/metrics/meaning_test.ts"],
  },
  {
    file: "lib/server/facts/health.ts",
    before: `pipeline !== "failed" && oldestWaitingSeconds > STALL_SECONDS &&`,
    after: `pipeline !== "failed" &&`,
    rule: "a quiet stream is no stall",
    near: ["server/facts/health_test.ts"],
  },
  {
    file: "lib/server/facts/health.ts",
    before: "lagSeconds > CAUGHT_UP_SECONDS && replay === null",
    after: "lagSeconds >= CAUGHT_UP_SECONDS && replay === null",
    rule: "sixty seconds behind is caught up, and more is not",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/facts/derived.ts",
    before: "isConnected(facts) || isPaused(facts) || isStandby(facts)",
    after: "isConnected(facts) || isPaused(facts)",
    rule: "a standby is ready to take over without a connection",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/facts/health.ts",
    before: "holds: ({ migrated }) => !migrated,",
    after: "holds: () => false,",
    rule: "nobody is ready whose tables are not there yet",
    near: ["server/facts/health_test.ts"],
  },
  {
    file: "lib/server/facts/history.ts",
    before: "if (slot !== undefined && index !== slot.index) {",
    after: "if (slot !== undefined && index > slot.index) {",
    rule: "a clock that is set back does not stop the counting",
    near: ["server/facts/history_test.ts"],
  },
  {
    file: "lib/server/facts/history.ts",
    before: "this.buckets(nowMs).slice(0, -1)",
    after: "this.buckets(nowMs)",
    rule: "a rate is a mean over complete seconds",
    near: ["server/facts/history_test.ts"],
  },
  {
    file: "lib/server/status/status_cache.ts",
    before: "if (this.#question === null && expired",
    after: "if (expired",
    rule: "a database that hangs is not asked again while it does",
    near: ["server/http/request_limits_test.ts"],
  },
  {
    file: "lib/server/status/status_cache.ts",
    before: "stale: this.#failed || this.#question !== null,",
    after: "stale: this.#failed,",
    rule: "what is older than it should be is told as stale",
    near: ["server/http/request_limits_test.ts"],
  },
  {
    file: "lib/sqlstate_table.ts",
    before: `["57P01", null, "unavailable"],`,
    after: "",
    rule: "a server that shuts down or starts gives no answer",
    near: ["server/metrics/meaning_test.ts"],
  },
  {
    file: "lib/server/facts/replay_summary.ts",
    before: "Math.floor(100 * done / total)",
    after: "Math.round(100 * done / total)",
    rule: "a replay is at 100 % when it is done, not before",
    near: ["server/facts/facts_test.ts"],
  },
  {
    file: "lib/server/facts/counts.ts",
    before: `tally.has(label) ? label : "other"`,
    after: "label",
    rule: "no name from the wire becomes a label",
    near: ["server/metrics/names_test.ts"],
  },
];
