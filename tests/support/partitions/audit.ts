/** Records in the database itself which holder wrote each partition's batches, in the order of the commits. */

import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";

/** From now on each batch leaves a line. Its row is locked until the commit, so the lines of a partition are in order. */
export async function auditBatches(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table written (id bigint generated always as identity, partition int, epoch bigint, holder text);
    create function note_batch() returns trigger language plpgsql security definer
      set search_path from current as $$
    begin
      insert into written (partition, epoch, holder) values (new.partition, new.epoch, new.holder);
      return null;
    end $$;
    create trigger note_batch after update of batch on indexer_state for each row
      when (new.batch is distinct from old.batch) execute function note_batch()`);
}

/** What the lines say. */
export interface Audit {
  readonly batches: number;
  /** How often a partition went to another holder. */
  readonly takeovers: number;
}

/** Fails when two wrote one partition in one epoch, or when an older epoch wrote after a newer one. */
export async function readAudit(sql: Sql): Promise<Audit> {
  const rows = await sql<{ partition: number; epoch: number; holder: string }[]>`
    select partition, epoch::float8 as epoch, holder from written order by id`;
  const last = new Map<number, { epoch: number; holder: string }>();
  let takeovers = 0;
  for (const { partition, epoch, holder } of rows) {
    const before = last.get(partition);
    if (before !== undefined) {
      assert.ok(
        epoch >= before.epoch,
        `partition ${partition}: epoch ${epoch} wrote after ${before.epoch}`,
      );
      if (epoch === before.epoch) {
        assert.equal(holder, before.holder, `partition ${partition}: two wrote in epoch ${epoch}`);
      } else if (holder !== before.holder) takeovers++;
    }
    last.set(partition, { epoch, holder });
  }
  return { batches: rows.length, takeovers };
}
