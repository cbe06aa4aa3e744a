import type { Mutant } from "./mutant.ts";

export const INDEXER: readonly Mutant[] = [
  {
    file: "lib/indexer/foreign_run.ts",
    before: " && this.#isLast(position, endpoint)",
    after: "",
    rule: "the position of a message stays, although skipped ones before it are told later",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/intake.ts",
    before: `events.every(({ kind }) => kind === "malformed")`,
    after: `events.some(({ kind }) => kind === "malformed")`,
    rule: "one bad operation does not make a message undecodable",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/foreign_run.ts",
    before: "    this.#count += count;",
    after: "    this.#count++;",
    rule: "foreign events that were skipped are all counted",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/intake.ts",
    before: `    // Held events of the live stream came first.
    this.tick();`,
    after: "",
    rule: "what the live stream holds back is queued before the archive",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/intake.ts",
    before: "if (this.#held.length >= HELD_MOST) this.#release();",
    after: "",
    rule: "markers that nobody waits for are bounded",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/intake.ts",
    before: `EVENT_BYTES + (event.kind === "commit" ? event.size : 0)`,
    after: "EVENT_BYTES",
    rule: "a queue counts the records that it holds",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/intake.ts",
    before: `if (event.kind === "commit" || event.kind === "malformed") this.#release();`,
    after: `if (event.kind === "malformed") this.#release();`,
    rule: "a commit is queued at once, with what was held back before it",
    near: ["indexer/intake_test.ts"],
  },
  {
    file: "lib/indexer/report_commit.ts",
    before: `upsert: changed && event.operation !== "delete"`,
    after: "upsert: changed",
    rule: "a delete is no upsert",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/report_commit.ts",
    before: `receivedAt: event.kind === "foreign" ? null : receivedAt`,
    after: "receivedAt",
    rule: "foreign events are not timed",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/report_commit.ts",
    before: "if (trust > 0) telemetry.batches.trustChanged();",
    after: "telemetry.batches.trustChanged();",
    rule: "trust is computed anew only when an alliance or a membership changed",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/report_commit.ts",
    before: `event.kind === "commit" && outcome === "applied"`,
    after: `event.kind === "commit"`,
    rule: "a duplicate changes no trust",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/recent_records.ts",
    before: "|| !WRITTEN.has(outcome)",
    after: "",
    rule: "the newest records are those that were written",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/recent_records.ts",
    before: `      if (records.size >= KEPT) break;
`,
    after: "",
    rule: "the newest records are bounded",
    near: ["indexer/report_commit_test.ts"],
  },
  {
    file: "lib/indexer/pipeline.ts",
    before: `    intake.tick();
    queues.end();`,
    after: "    queues.end();",
    rule: "what was read before a stop is written",
    near: ["indexer/pipeline_test.ts"],
  },
  {
    file: "lib/indexer/pipeline.ts",
    before: `  writing.failed.catch((error) => reading.abort(error));
`,
    after: "",
    rule: "a writer that fails for good ends the reading",
    near: ["indexer/pipeline_test.ts"],
  },
  {
    file: "lib/indexer/pipeline.ts",
    before: "drain.abort(new DrainError(queues.size)), drainMs)",
    after: "{}, drainMs)",
    rule: "a stop waits no longer for the database than it is told to",
    near: ["indexer/pipeline_test.ts"],
  },
  {
    file: "lib/indexer/batch_wait.ts",
    before: "const COMMITTED_WITHIN_MS = 18;",
    after: "const COMMITTED_WITHIN_MS = 20;",
    rule: "the first event of a batch is committed within 18 ms",
    near: ["indexer/batch_wait_test.ts"],
  },
  {
    file: "lib/indexer/batch_wait.ts",
    before: "const SELDOM_EXCEEDED = 2;",
    after: "const SELDOM_EXCEEDED = 0;",
    rule: "where batches differ in how long they take, a batch waits less",
    near: ["indexer/batch_wait_test.ts"],
  },
];
