/** How a ledger record, mapped and judged again, differs from what is stored. */

import type { Collection, RecordKey, Row } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { Entry } from "./entry.ts";
import { isStored, type Verdict } from "./verdict.ts";
import type { WorkingSet } from "./working_set.ts";
import { type DifferingRow, differingRows, unexpectedRows } from "../tables/row_differences.ts";
import { type BulkStatement, parametersOf } from "../tables/rows.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { PREPARED } from "./store.ts";
import { rowOf } from "./writes.ts";

/** State and reason of a record. */
export interface Standing {
  readonly state: string;
  readonly reason: string | null;
}

/**
 * - `missing`: no live row. `unexpected`: a live row of a record that is not applied. `other`: other column
 * values.
 */
export type RowDifference = "missing" | "unexpected" | "other";

export interface Difference {
  readonly key: RecordKey;
  /** The ledger's verdict, and the new one. */
  readonly from: Standing;
  readonly to: Standing;
  /** Null when the product row agrees with the ledger. */
  readonly row: RowDifference | null;
  /** Whether the ledger's record has a place that the current rules remove. */
  readonly hasPlace: boolean;
  /** Columns whose values differ from those that the record gives. */
  readonly columns: readonly string[];
}

/** A difference, with what it was computed from. */
export interface Found {
  readonly entry: Entry;
  readonly verdict: Verdict;
  readonly difference: Difference;
  /** The row that the record makes; null when it makes none. */
  readonly made: Row | null;
}

/** Compares records whose bodies are loaded. */
export async function differencesOf(
  tx: TransactionSql,
  workingSet: WorkingSet,
  { collections }: Mapper,
  entries: readonly Entry[],
): Promise<Found[]> {
  const judged = entries.map((entry) => {
    const verdict = workingSet.judge(entry);
    return { entry, verdict, made: rowOf(entry, verdict) };
  });
  const rows = new Map<Entry, Pick<Difference, "row" | "columns">>();
  await Promise.all(collections.map(async (collection) => {
    const own = judged.filter(({ entry }) => entry.key.collection === collection.nsid);
    if (own.length > 0) await compareRows(tx, workingSet, collection, own, rows);
  }));
  return judged.flatMap(({ entry, verdict, made }) => {
    const found = rows.get(entry);
    const hasPlace = entry.coarsened !== null;
    if (
      found === undefined && !hasPlace &&
      (isStored(entry, verdict) || waitsStill(workingSet, entry, verdict))
    ) {
      return [];
    }
    const difference: Difference = {
      key: entry.key,
      from: { state: entry.stored?.state ?? "deleted", reason: entry.stored?.reason ?? null },
      to: { state: verdict.state, reason: verdict.reason },
      row: found?.row ?? null,
      hasPlace,
      columns: found?.columns ?? [],
    };
    return [{ entry, verdict, difference, made }];
  });
}

function waitsStill(workingSet: WorkingSet, entry: Entry, verdict: Verdict): boolean {
  const { stored } = entry;
  return stored?.state === "waiting" && verdict.state === "waiting" &&
    (stored.loose ?? []).join("\n") === (verdict.loose ?? []).join("\n") &&
    workingSet.canWaitFor(entry, stored.waitingFor);
}

type Judged = Pick<Found, "entry" | "verdict" | "made">;

async function compareRows(
  tx: TransactionSql,
  workingSet: WorkingSet,
  collection: Collection,
  judged: readonly Judged[],
  found: Map<Entry, Pick<Difference, "row" | "columns">>,
): Promise<void> {
  const rows = judged.flatMap(({ made }) => made === null ? [] : [made]);
  const others = judged.filter(({ verdict }) => verdict.state !== "applied");
  const [differing, unexpected] = await Promise.all([
    ask(tx, differingRows(collection), rows),
    ask(
      tx,
      unexpectedRows(collection),
      others.map(({ entry: { key } }) => ({ record_did: key.did, record_rkey: key.rkey })),
    ),
  ]);
  const entryOf = ({ record_did: did, record_rkey: rkey }: DifferingRow): Entry =>
    workingSet.entry({ did, collection: collection.nsid, rkey });
  for (const row of differing) {
    const { missing, columns } = row;
    found.set(entryOf(row), missing ? { row: "missing", columns: [] } : { row: "other", columns });
  }
  for (const row of unexpected) found.set(entryOf(row), { row: "unexpected", columns: [] });
}

async function ask(
  tx: TransactionSql,
  { text, columns }: BulkStatement,
  rows: readonly Row[],
): Promise<readonly DifferingRow[]> {
  if (rows.length === 0) return [];
  return await tx.unsafe<DifferingRow[]>(text, parametersOf(columns, rows), PREPARED);
}
