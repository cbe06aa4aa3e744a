/**
 * The rows that a batch writes, grouped by statement before any is sent, so that each table gets few
 * statements however many records there are.
 */

import { isoFromMicros } from "../../micros.ts";
import type { Collection, RecordKey, Row } from "../../mapper/collection.ts";
import type { Body } from "../../mapper/content.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
import type { JsonObject } from "../../decoder/json.ts";
import type { AccountEntry, MarkerPlace } from "./account.ts";
import type { ChangedParent } from "./changed_parent.ts";
import { type Entry, idOf, uriOf } from "./entry.ts";
import type { Verdict } from "./verdict.ts";
import type { ReconcileReason } from "../reconcile/reconcile_requests.ts";

/** A dead letter to write, before it has an id. */
export interface DeadLetter {
  /** Unique: writing the same dead letter again updates the existing row. */
  readonly fingerprint: string;
  readonly reason: string;
  readonly detail: string;
  /** What the dead letter is about: a record, an account, or null when unknown. */
  readonly key: RecordKey | Pick<RecordKey, "did"> | null;
  readonly rev: string | null;
  readonly payload: JsonObject | null;
  /** Whether a newer revision has already come. */
  readonly superseded: boolean;
  /** Delay of the automatic retry, milliseconds; null when only a person can help. */
  readonly retryInMs: number | null;
}

/** Rows of one product table. */
export interface TableWrites {
  readonly collection: Collection;
  /** Rows of records that are new in the ledger. */
  readonly fresh: Row[];
  readonly upserts: Row[];
  readonly hides: Row[];
}

export class Writes {
  /** Records that are new in the ledger. */
  readonly fresh: Row[] = [];
  /** Newer revisions of records that the ledger has. */
  readonly ledger: Row[] = [];
  readonly restated: Row[] = [];
  /** Records whose revision stays, without the places that they have in the ledger. */
  readonly coarsened: Row[] = [];
  readonly tables = new Map<string, TableWrites>();
  readonly accounts: Row[] = [];
  /** Records whose open dead letters are closed. */
  readonly settled: Row[] = [];
  readonly #deadLetters = new Map<string, Row>();
  readonly #reconciles = new Map<string, Row>();
  readonly #notes = new Map<string, ChangedParent>();

  /** Repositories to compare with their source. */
  get reconciles(): readonly Row[] {
    return [...this.#reconciles.values()];
  }

  /** Records that other partitions get notes about. */
  get notes(): readonly ChangedParent[] {
    return [...this.#notes.values()];
  }

  /** A record that stops and starts again, or the reverse, gets one note of each kind. */
  note(parent: ChangedParent): void {
    this.#notes.set(`${uriOf(parent.key)} ${parent.wasLive}`, parent);
  }

  reconcile(did: string, reason: ReconcileReason): void {
    this.#reconciles.set(did, { did, reason });
  }

  get deadLetters(): readonly Row[] {
    return [...this.#deadLetters.values()];
  }

  /** Writes a revision that this batch brought. */
  accept(entry: Entry, verdict: Verdict): void {
    const { key } = entry;
    if (entry.rev === null) {
      throw new TypeError(`cannot write ${uriOf(key)}: it has no revision`);
    }
    (entry.stored === null ? this.fresh : this.ledger).push({
      did: key.did,
      collection: key.collection,
      rkey: key.rkey,
      rev: entry.rev,
      cid: entry.cid,
      idempotency_key: idempotencyKey(key, entry.rev),
      state: verdict.state,
      reason: verdict.reason,
      waiting_for: verdict.waitingFor,
      loose_references: verdict.loose,
      record: bodyOf(entry).record,
      event_time: isoFromMicros(entry.timeUs),
      created_at: entry.createdAt,
    });
    this.row(entry, verdict);
  }

  /** Writes a new verdict on a record whose revision did not change. `made`: its product row. */
  restate(entry: Entry, verdict: Verdict, made: Row | null = rowOf(entry, verdict)): void {
    const { key } = entry;
    this.restated.push({
      did: key.did,
      collection: key.collection,
      rkey: key.rkey,
      rev: entry.rev,
      state: verdict.state,
      reason: verdict.reason,
      waiting_for: verdict.waitingFor,
      loose_references: verdict.loose,
      created_at: entry.createdAt,
    });
    this.row(entry, verdict, made);
  }

  /** Writes a record whose revision stays, without the places that the ledger's still has. */
  coarsen({ key: { did, collection, rkey }, rev, coarsened: record }: Entry): void {
    this.coarsened.push({ did, collection, rkey, rev, record });
  }

  account(account: AccountEntry): void {
    this.accounts.push({
      did: account.did,
      handle: account.handle,
      active: account.active,
      status: account.status,
      ...placeRow("account", account.accountAt),
      ...placeRow("identity", account.identityAt),
      known_since: time(account.knownSinceUs),
      purged_until: time(account.purgedUntilUs),
    });
  }

  deadLetter(letter: DeadLetter): void {
    this.#deadLetters.set(letter.fingerprint, {
      fingerprint: letter.fingerprint,
      reason: letter.reason,
      detail: letter.detail,
      ...{ did: null, collection: null, rkey: null, ...letter.key },
      rev: letter.rev,
      payload: letter.payload,
      superseded: letter.superseded,
      retry_in_ms: letter.retryInMs,
    });
  }

  settle(key: RecordKey): void {
    this.settled.push({ did: key.did, collection: key.collection, rkey: key.rkey });
  }

  /** The row of a record that is applied; of another, nothing. */
  row(entry: Entry, verdict: Verdict, made: Row | null = rowOf(entry, verdict)): void {
    const { content } = entry;
    if (made === null || content?.kind !== "mapped") return;
    const table = this.#table(content.collection);
    (entry.stored === null ? table.fresh : table.upserts).push(made);
  }

  /** Hides a row that was live. */
  hide(collection: Collection, key: RecordKey): void {
    this.#table(collection).hides.push({ record_did: key.did, record_rkey: key.rkey });
  }

  #table(collection: Collection): TableWrites {
    let table = this.tables.get(collection.table);
    if (table === undefined) {
      table = { collection, fresh: [], upserts: [], hides: [] };
      this.tables.set(collection.table, table);
    }
    return table;
  }
}

/** The row of a record that is applied; null of another. */
export function rowOf(entry: Entry, { state, parents }: Verdict): Row | null {
  const { key, content } = entry;
  if (state !== "applied" || content?.kind !== "mapped") return null;
  const row: Record<string, unknown> = {
    ...bodyOf(entry).row,
    id: idOf(entry),
    record_did: key.did,
    record_rkey: key.rkey,
    record_rev: entry.rev,
    created_at: entry.createdAt,
    updated_at: isoFromMicros(entry.timeUs),
  };
  for (const { column, entry: parent } of parents) row[column] = idOf(parent);
  return row;
}

/** Throws when the entry has no body: a row without its columns must not be written. */
export function bodyOf({ key, body }: Entry): Body {
  if (body === null) throw new TypeError(`cannot write ${uriOf(key)}: its body is not loaded`);
  return body;
}

/** The columns that store the position of an account or identity event. */
function placeRow(kind: "account" | "identity", place: MarkerPlace | null): Row {
  return {
    [`${kind}_time`]: time(place?.timeUs ?? null),
    [`${kind}_seq`]: place?.relaySeq ?? 0,
    [`${kind}_source`]: place?.source ?? null,
    [`${kind}_cursor`]: place?.cursor ?? null,
  };
}

function time(micros: number | null): string | null {
  return micros === null || micros === 0 ? null : isoFromMicros(micros);
}
