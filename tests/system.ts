/** The real decoder, mapper and repository on a real database, without the socket. */

import type { Sql } from "postgres";
import { createDecoders } from "../lib/indexer/decoders.ts";
import { createMapper } from "../lib/mapper/content.ts";
import { COLLECTIONS } from "../lib/mapper/registry.ts";
import type { Outcome } from "../lib/repository/outcome.ts";
import { Writer } from "../lib/repository/writer.ts";
import type { OutcomeCounts, System } from "./model/system.ts";

const WANTED = ["app.subcult.*"];

/** A system on a database that is migrated already. */
export function systemOn(sql: Sql): System {
  const decoder = createDecoders({ wantedCollections: WANTED, wantedDids: [] }).for("v1");
  const writer = new Writer({
    mapper: createMapper(COLLECTIONS, "a secret of the tests"),
    consumer: "default",
    holder: "test",
    connection: () => sql,
    abandon: () => {},
    statementTimeoutMs: 60_000,
    backoff: () => Promise.reject(new Error("the database can't be used")),
    failed: () => {},
    refused: () => {},
  });

  async function deliverOne(frames: readonly string[]): Promise<OutcomeCounts> {
    const foreign = frames.filter((frame) => decoder.isForeign(frame)).length;
    const events = frames.filter((frame) => !decoder.isForeign(frame))
      .flatMap((frame) => decoder.decode(frame));
    const batch = { id: crypto.randomUUID(), events, cursor: null, letters: [] };
    const { outcomes } = await writer.write(batch, new AbortController().signal);
    const counts: Partial<Record<Outcome, number>> = { ignored: foreign };
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  return {
    sql,
    async deliver(batches): Promise<OutcomeCounts[]> {
      const counts: OutcomeCounts[] = [];
      for (const batch of batches) counts.push(await deliverOne(batch));
      return counts;
    },
    async reset(): Promise<void> {
      await sql`truncate records, accounts, dead_letters, indexer_state, scenes, events, posts,
        alliances, memberships, stream_sessions`;
    },
    close: () => Promise.resolve(),
  };
}
