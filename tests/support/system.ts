/** The real decoder, mapper and repository on a real database, without the socket. */

import { LIVE_TABLES } from "../../lib/repository/status/table_counts.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import type { Decoder } from "../../lib/decoder/wire/decoder.ts";
import { createDecoders } from "../../lib/indexer/decoders.ts";
import { createMapper, type Mapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { believeDeletion } from "../../lib/reconcile/deletion.ts";
import type { Batch, BatchResult } from "../../lib/repository/fold/batch.ts";
import { openDeadLetterIds } from "../../lib/repository/dead_letters/dead_letters.ts";
import { retryBatch } from "../../lib/repository/dead_letters/retry_batch.ts";
import type { Outcome } from "../../lib/repository/outcome.ts";
import { Writer } from "../../lib/repository/batch/writer.ts";
import { emptyTables } from "./empty_tables.ts";
import { protocolOf } from "./model/envelope.ts";
import { SMALL_PARTS } from "./small_parts.ts";
import type { OutcomeCounts, System } from "./model/system.ts";

const WANTED = ["app.subcult.*"];

export const SECRET_OF_TESTS = "a secret of the tests";

/** The tables that events of a stream are folded into, and the position. */
export const STREAM_TABLES = [
  "records",
  "accounts",
  "dead_letters",
  "indexer_state",
  ...LIVE_TABLES,
] as const;

/** A system on a database that is migrated already. */
export function systemOn(
  sql: Sql,
  mapper: Mapper = createMapper(COLLECTIONS, SECRET_OF_TESTS),
): System {
  const decoders = createDecoders({ wantedCollections: WANTED, wantedDids: [] });

  function writer(waitingLimit?: number): Writer {
    return new Writer({
      mapper,
      consumer: "default",
      connection: () => sql,
      abandon: () => {},
      statementTimeoutMs: 60_000,
      parts: SMALL_PARTS,
      backoff: () => Promise.reject(new Error("the database can't be used")),
      failed: () => {},
      refused: () => {},
      ...(waitingLimit === undefined ? {} : { waitingLimit }),
    });
  }

  async function deliverOne(
    frames: readonly string[],
    decoder: Decoder,
    writer: Writer,
  ): Promise<OutcomeCounts> {
    const foreign = frames.filter((frame) => decoder.isForeign(frame)).length;
    const events = frames.filter((frame) => !decoder.isForeign(frame))
      .flatMap((frame) => decoder.decode(frame));
    const batch = {
      id: crypto.randomUUID(),
      events,
      cursor: null,
      deadLetters: [],
      fromSource: false,
      lease: null,
    };
    const { outcomes } = await writer.write(batch, new AbortController().signal);
    const counts: Partial<Record<Outcome, number>> = { ignored: foreign };
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  return {
    sql,
    async deliver(batches, waitingLimit): Promise<OutcomeCounts[]> {
      const decoder = decoders.for(protocolOf(batches.flat()));
      const counts: OutcomeCounts[] = [];
      for (const batch of batches) {
        counts.push(await deliverOne(batch, decoder, writer(waitingLimit)));
      }
      return counts;
    },
    async retryTooMany(): Promise<number> {
      const batch = await retryBatch(
        sql,
        await openDeadLetterIds(sql, { reason: "waiting_limit" }, 10_000),
      );
      await writer().write(batch, new AbortController().signal);
      return batch.deadLetters.length;
    },
    async confirmDeletion(did): Promise<void> {
      const write = (batch: Batch, signal: AbortSignal): Promise<BatchResult> =>
        writer().write(batch, signal);
      await believeDeletion(did, { sql: () => sql, write }, new AbortController().signal);
    },
    reset: () => emptyTables(sql, ...STREAM_TABLES),
    close: () => Promise.resolve(),
  };
}
