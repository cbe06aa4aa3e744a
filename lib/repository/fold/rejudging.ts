/**
 * Judges records again because other records or their account changed, and follows the consequences: when a
 * record starts or stops being live, the records that refer to it are judged again.
 */

import type { Collection, RecordKey, Row } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { Bodies } from "./record_bodies.ts";
import { childrenOf, CHUNK, concernsOtherPartitions, isParentChange } from "./cascade.ts";
import type { ChangedParent } from "./changed_parent.ts";
import type { Entry } from "./entry.ts";
import { isStored, type Verdict } from "./verdict.ts";
import type { WorkingSet } from "./working_set.ts";
import type { Difference } from "./record_difference.ts";
import { settleDeadLetters } from "./verdict_dead_letters.ts";
import type { Loader } from "./loader.ts";
import { remapped } from "./remapping.ts";
import { owns } from "../partitions/partition.ts";
import type { PendingStatements } from "./pending_statements.ts";
import type { TransactionSql } from "../connection/sql.ts";
import type { RecordRow } from "./stored_rows.ts";
import type { TransactionOptions } from "./transaction_options.ts";
import { Writes } from "./writes.ts";

interface Again {
  readonly before?: (entry: Entry) => unknown;
  readonly rows?: readonly RecordRow[] | null;
}

export class Rejudging {
  readonly #tx: TransactionSql;
  readonly #workingSet: WorkingSet;
  readonly #loader: Loader;
  readonly #statements: PendingStatements;
  readonly #bodies: Bodies;
  readonly #mapper: Mapper;
  readonly #options: TransactionOptions;
  readonly #byNsid: ReadonlyMap<string, Collection>;
  /** The reason of each dead letter. */
  readonly #reasons: string[];

  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    loader: Loader,
    statements: PendingStatements,
    reasons: string[],
    options: TransactionOptions,
  ) {
    const { mapper, refusals } = options;
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#loader = loader;
    this.#statements = statements;
    this.#reasons = reasons;
    this.#bodies = new Bodies(tx, workingSet, mapper, refusals);
    this.#mapper = mapper;
    this.#options = options;
    this.#byNsid = new Map(mapper.collections.map((collection) => [collection.nsid, collection]));
  }

  /**
   * Judges the children of changed parents, then their children, in chunks of parents and children, so memory
   * does not grow with their number. In whatever order the chunks run, a child is judged after the last
   * change of each of its parents.
   */
  async cascade(changed: readonly ChangedParent[]): Promise<void> {
    for (let at = 0; at < changed.length; at += CHUNK) {
      const parents = changed.slice(at, at + CHUNK);
      for await (const { keys, rows } of childrenOf(this.#tx, this.#mapper, parents)) {
        // Children in other partitions are judged by those partitions, which get notes.
        const isOwn = ({ did }: RecordKey): boolean => owns(this.#options.share, did);
        const ownRows = rows?.filter(isOwn) ?? null;
        await this.cascade(await this.again(keys.filter(isOwn), { rows: ownRows }));
      }
    }
  }

  /**
   * Judges records again and writes those whose verdict changed. Returns the parents among them. `rows`: the
   * records' rows, where already loaded.
   */
  async again(
    keys: readonly RecordKey[],
    { before, rows = null }: Again = {},
  ): Promise<ChangedParent[]> {
    if (keys.length === 0) return [];
    const loaded = await this.#loader.load(keys, rows);
    const changed: ChangedParent[] = [];
    const writes = new Writes();
    const lacking: Entry[] = [];
    for (const key of keys) {
      const entry = this.#workingSet.entry(key);
      before?.(entry);
      if (entry.stored === null) continue;
      const verdict = this.#workingSet.judge(entry);
      if (stands(entry, verdict) && !entry.lowered) continue;
      if (needsBody(verdict)) lacking.push(entry);
      else this.#restate(writes, entry, verdict, changed);
    }
    this.#statements.store(writes);
    for await (const part of this.#bodies.load(lacking)) {
      const writes = new Writes();
      for (const entry of part) {
        const verdict = this.#workingSet.judge(entry);
        this.#restate(writes, entry, verdict, changed);
        // An older version accepted the record and this one rejects it: records that were judged by its
        // content are affected.
        const isParent = this.#mapper.targets.has(entry.key.collection);
        if (verdict.state !== "applied" && isParent) {
          changed.push({ key: entry.key, wasLive: true });
        }
      }
      this.#statements.store(writes);
      await this.#options.step("judged_again");
      this.#options.judged(part.length);
    }
    await this.#options.step("judged_again");
    this.#options.judged(keys.length - lacking.length);
    this.#loader.forget(loaded);
    return changed;
  }

  /** Maps records again and writes those that come out differently. */
  async remap(
    keys: readonly RecordKey[],
  ): Promise<{ changed: ChangedParent[]; differences: Difference[] }> {
    const changed: ChangedParent[] = [];
    const differences: Difference[] = [];
    const { mapper, refusals } = this.#options;
    const parts = remapped(this.#tx, this.#workingSet, this.#loader, { mapper, refusals }, keys);
    for await (const part of parts) {
      const writes = new Writes();
      for (const { entry, verdict, difference, made } of part) {
        differences.push(difference);
        if (difference.row === "unexpected") {
          const collection = this.#byNsid.get(entry.key.collection);
          if (collection !== undefined) writes.hide(collection, entry.key);
        }
        if (difference.hasPlace) writes.coarsen(entry);
        // The ledger's verdict is right: at most the product row has to be written.
        if (!isStored(entry, verdict)) this.#restate(writes, entry, verdict, changed, made);
        else if (difference.row !== null) writes.row(entry, verdict, made);
      }
      this.#statements.store(writes);
      await this.#options.step("judged_again");
    }
    this.#options.judged(keys.length);
    return { changed, differences };
  }

  /** Writes a record whose verdict changed, or whose creation time is earlier than the ledger's. */
  #restate(
    writes: Writes,
    entry: Entry,
    verdict: Verdict,
    changed: ChangedParent[],
    made?: Row | null,
  ): void {
    writes.restate(entry, verdict, made);
    entry.lowered = false;
    if (stands(entry, verdict)) return;
    settleDeadLetters(writes, entry, verdict, this.#reasons);
    this.settle(writes, entry, verdict, changed);
  }

  /**
   * Writes what follows from every verdict: whether the row is live, and the change that children have to
   * know.
   */
  settle(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    const wasLive = entry.stored?.state === "applied";
    const isLive = verdict.state === "applied";
    const collection = this.#byNsid.get(entry.key.collection);
    if (wasLive && !isLive && collection !== undefined) writes.hide(collection, entry.key);
    if (isParentChange(entry, isLive, this.#mapper)) {
      changed.push({ key: entry.key, wasLive });
    }
    if (
      this.#options.share.of > 1 &&
      concernsOtherPartitions(entry, isLive, verdict.loose, this.#mapper)
    ) {
      writes.note({ key: entry.key, wasLive });
    }
    entry.stored = {
      state: verdict.state,
      reason: verdict.reason,
      waitingFor: verdict.waitingFor,
      loose: verdict.loose,
    };
    entry.writtenParents = verdict.parents;
  }
}

/** Whether writing a verdict needs the record's body, for its row or its dead letter. */
function needsBody({ state }: Verdict): boolean {
  return state === "applied" || state === "rejected";
}

/**
 * Whether nothing of a record has to be written. Only the product row stores which record a bare rkey
 * resolved to. A parent may have gone while another of the same name came, so the ledger can't tell, unless
 * this batch wrote the row.
 */
function stands(entry: Entry, verdict: Verdict): boolean {
  const hasNames = verdict.state === "applied" && verdict.loose !== null;
  if (hasNames && !areSame(entry.writtenParents, verdict.parents)) return false;
  return isStored(entry, verdict);
}

function areSame(written: Entry["writtenParents"], parents: Verdict["parents"]): boolean {
  return written !== null && written.length === parents.length &&
    parents.every(({ entry }, index) => entry === written[index]?.entry);
}
