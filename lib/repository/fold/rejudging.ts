/**
 * Judges records again because others, or their account, changed, and follows the consequences: when a
 * record starts or stops being live, those that refer to it are judged again.
 */

import type { Collection, RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { Bodies } from "./record_bodies.ts";
import { childrenOf, CHUNK, isForeignNews, isParentChange } from "./cascade.ts";
import type { ChangedParent } from "./changed_parent.ts";
import type { Entry } from "./entry.ts";
import { isStored, type Verdict } from "./verdict.ts";
import type { WorkingSet } from "./working_set.ts";
import type { Difference } from "./record_difference.ts";
import { settleLetters } from "./verdict_letters.ts";
import type { Loader } from "./loader.ts";
import { remapped } from "./remapping.ts";
import { owns } from "../partitions/partition.ts";
import type { Sending } from "./sending.ts";
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
  readonly #sending: Sending;
  readonly #bodies: Bodies;
  readonly #mapper: Mapper;
  readonly #options: TransactionOptions;
  readonly #byNsid: ReadonlyMap<string, Collection>;
  /** Why events went to the dead letters, each once. */
  readonly #reasons: string[];

  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    loader: Loader,
    sending: Sending,
    reasons: string[],
    options: TransactionOptions,
  ) {
    const { mapper, refusals } = options;
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#loader = loader;
    this.#sending = sending;
    this.#reasons = reasons;
    this.#bodies = new Bodies(tx, workingSet, mapper, refusals);
    this.#mapper = mapper;
    this.#options = options;
    this.#byNsid = new Map(mapper.collections.map((collection) => [collection.nsid, collection]));
  }

  /**
   * Judges the children of parents that changed, and their children, some parents and some children at
   * a time: so nothing that is held grows with their number. Whatever order that makes, a child is
   * judged after the last change of each of its parents.
   */
  async cascade(changed: readonly ChangedParent[]): Promise<void> {
    for (let at = 0; at < changed.length; at += CHUNK) {
      const parents = changed.slice(at, at + CHUNK);
      for await (const { keys, rows } of childrenOf(this.#tx, this.#mapper, parents)) {
        // Those of other partitions are told by notes.
        const isOwn = ({ did }: RecordKey): boolean => owns(this.#options.share, did);
        const ownRows = rows?.filter(isOwn) ?? null;
        await this.cascade(await this.again(keys.filter(isOwn), { rows: ownRows }));
      }
    }
  }

  /**
   * Judges records again and writes those that stand differently. Returns the parents among them. `rows`: how they
   * stand, where that is known already.
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
    this.#sending.store(writes);
    for await (const part of this.#bodies.load(lacking)) {
      const writes = new Writes();
      for (const entry of part) {
        const verdict = this.#workingSet.judge(entry);
        this.#restate(writes, entry, verdict, changed);
        // An older version took it, and this one doesn't: whoever was judged by what it says counted on it.
        const isParent = this.#mapper.targets.has(entry.key.collection);
        if (verdict.state !== "applied" && isParent) {
          changed.push({ key: entry.key, wasLive: true });
        }
      }
      this.#sending.store(writes);
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
      for (const { entry, verdict, difference } of part) {
        differences.push(difference);
        if (difference.row === "unexpected") {
          const collection = this.#byNsid.get(entry.key.collection);
          if (collection !== undefined) writes.hide(collection, entry.key);
        }
        // What the ledger says is right: its row need not be written for that of the product table.
        if (isStored(entry, verdict)) writes.row(entry, verdict);
        else this.#restate(writes, entry, verdict, changed);
      }
      this.#sending.store(writes);
      await this.#options.step("judged_again");
    }
    this.#options.judged(keys.length);
    return { changed, differences };
  }

  /** Writes a record that stands differently, or was created earlier than the ledger has it. */
  #restate(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    writes.restate(entry, verdict);
    entry.lowered = false;
    if (stands(entry, verdict)) return;
    settleLetters(writes, entry, verdict, this.#reasons);
    this.settle(writes, entry, verdict, changed);
  }

  /** What every verdict that is written entails: the row's liveness, and news for the children. */
  settle(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    const wasLive = entry.stored?.state === "applied";
    const isLive = verdict.state === "applied";
    const collection = this.#byNsid.get(entry.key.collection);
    if (wasLive && !isLive && collection !== undefined) writes.hide(collection, entry.key);
    if (isParentChange(entry, isLive, this.#mapper)) {
      changed.push({ key: entry.key, wasLive });
    }
    if (this.#options.share.of > 1 && isForeignNews(entry, isLive, verdict.loose, this.#mapper)) {
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

/** Whether writing what a verdict entails takes what the record holds: for its row, or for its letter. */
function needsBody({ state }: Verdict): boolean {
  return state === "applied" || state === "rejected";
}

/**
 * Whether nothing has to be written of a record. Which record a bare rkey means is in the product row
 * alone: a parent may have gone and another of its name come at once, so there it can't tell, unless this batch
 * has written the row.
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
