/**
 * A process with the indexer under test: the parts of `main.ts run`, and a telemetry that also
 * notes when events were received and committed. Settings come from the environment as always.
 */

import { openDatabase } from "../lib/commands/open_database.ts";
import { readConfig } from "../lib/config.ts";
import { secretsOf } from "../lib/config/secrets.ts";
import { Indexer } from "../lib/indexer.ts";
import { createLogger } from "../lib/log/logger.ts";
import { COLLECTIONS } from "../lib/mapper/collections/registry.ts";
import type { CommittedBatch } from "../lib/server/facts/committed_batch.ts";
import { outcomeTotals } from "../lib/server/facts/counts.ts";
import { Telemetry } from "../lib/server/telemetry/telemetry.ts";
import { say } from "./processes.ts";

/** An indexer's output after it has received, or committed, the requested number of events. */
export interface Measured {
  readonly what: "received" | "committed";
  /** Events. */
  readonly count: number;
  /** From the first message received to the last received, or committed. */
  readonly ms: number;
  /** From received to committed, milliseconds, in the order of the stream. */
  readonly latencies: readonly number[];
  readonly batches: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

class Measuring extends Telemetry {
  readonly #expected: number;
  readonly #keepsLatencies: boolean;
  #received = 0;
  #committed = 0;
  #batches = 0;
  #startedAt = 0;
  #latencies: number[] = [];

  constructor(expected: number, keepsLatencies: boolean) {
    super({ collections: COLLECTIONS.map(({ nsid }) => nsid), version: "bench" });
    this.#expected = expected;
    this.#keepsLatencies = keepsLatencies;
    const { stream, batches } = this;
    const received = stream.received.bind(stream);
    const skipped = stream.skipped.bind(stream);
    const committed = batches.committed.bind(batches);
    stream.received = (timeUs, bytes) => {
      received(timeUs, bytes);
      this.#count(1);
    };
    stream.skipped = (messages, timeUs) => {
      skipped(messages, timeUs);
      // `skipped` calls `received`, which counts one of them.
      this.#count(messages.count - 1);
    };
    batches.committed = (batch) => {
      committed(batch);
      this.#measure(batch);
    };
  }

  #measure(batch: CommittedBatch): void {
    const now = this.clock.monotonic();
    this.#batches++;
    const before = this.#committed;
    for (const { count = 1, receivedAt } of batch.events) {
      this.#committed += count;
      if (this.#keepsLatencies && receivedAt !== null) this.#latencies.push(now - receivedAt);
    }
    if (before < this.#expected && this.#committed >= this.#expected) this.#tell("committed");
  }

  #count(messages: number): void {
    if (this.#received === 0) this.#startedAt = performance.now();
    const before = this.#received;
    this.#received += messages;
    if (before < this.#expected && this.#received >= this.#expected) this.#tell("received");
  }

  #tell(what: Measured["what"]): void {
    const measured: Measured = {
      what,
      count: what === "received" ? this.#received : this.#committed,
      ms: performance.now() - this.#startedAt,
      latencies: this.#latencies,
      batches: this.#batches,
      outcomes: outcomeTotals(this.facts.counts),
    };
    say(measured);
  }
}

if (import.meta.main) {
  const [expected = "0", latencies] = Deno.args;
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort());
  const config = readConfig(Deno.env.toObject());
  const logger = createLogger({
    level: config.logLevel,
    format: "readable",
    secrets: secretsOf(config),
    write: (line) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  });
  const telemetry = new Measuring(Number(expected), latencies === "latencies");
  await using opened = await openDatabase(config, logger, {
    version: "bench",
    commit: null,
    embeddedDatabase: true,
  });
  const { database } = opened;
  const instance = crypto.randomUUID();
  await new Indexer({ config, database, logger, telemetry, instance }).run(stop.signal);
}
