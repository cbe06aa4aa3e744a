/**
 * Writes what became of records, and follows the consequences: hidden children, records that were
 * waiting, a repository whose account changed.
 */

import { setImmediate } from "node:timers";
import type { TransactionSql } from "./sql.ts";
import type { Collection, RecordKey } from "../mapper/collection.ts";
import { DELETED, type Mapper } from "../mapper/content.ts";
import { type ChangedParent, childrenOf, CHUNK, isParentChange, recordsOf } from "./cascade.ts";
import { Bodies } from "./bodies.ts";
import type { AccountEntry } from "./fold/account.ts";
import { type Entry, NONE_REJECTED } from "./fold/entry.ts";
import type { Verdict } from "./fold/verdict.ts";
import { REBUILT } from "./fold/fold.ts";
import type { World } from "./fold/world.ts";
import { settleLetters, writeLetters } from "./letters.ts";
import type { Loader } from "./load.ts";
import { store } from "./store.ts";
import type { Step, TransactionOptions } from "./transaction.ts";
import { Writes } from "./writes.ts";

export class Settlement {
  readonly #tx: TransactionSql;
  readonly #world: World;
  readonly #loader: Loader;
  readonly #bodies: Bodies;
  readonly #mapper: Mapper;
  readonly #step: (name: Step) => void | Promise<void>;
  readonly #judged: (records: number) => void;
  readonly #overwrite: boolean;
  readonly #byNsid: ReadonlyMap<string, Collection>;
  /** Entries that events brought since the last flush. */
  readonly #accepted = new Set<Entry>();
  /** Entries of which only an older revision came, that was created earlier. */
  readonly #lowered = new Set<Entry>();
  /**
   * Entries that were sent, and stand as records do that stand as others do. Between two parts such a
   * record can go and come back, which leaves no trace but in what was judged meanwhile.
   */
  readonly #early = new Set<Entry>();
  /** Parents whose children have not been looked at since they changed. */
  #changed: ChangedParent[] = [];
  /** Accounts whose records are to be judged again. */
  readonly #changedAccounts = new Set<string>();
  /** Records of such accounts that are in the working set already; null: they are too many. */
  #ahead: readonly RecordKey[] | null = null;
  /** What was sent, and not answered yet. */
  readonly #storing = new Set<Promise<void>>();
  /** What failed first of what was sent. */
  #failure: { readonly error: unknown } | null = null;
  /** Why events went to the dead letters, each once. */
  readonly reasons: string[] = [];
  #rowsWritten = 0;

  constructor(
    tx: TransactionSql,
    world: World,
    loader: Loader,
    { mapper, refusals, step, judged, overwrite }: TransactionOptions,
  ) {
    this.#tx = tx;
    this.#world = world;
    this.#loader = loader;
    this.#bodies = new Bodies(tx, world, mapper, refusals);
    this.#mapper = mapper;
    this.#step = step;
    this.#judged = judged;
    this.#overwrite = overwrite;
    this.#byNsid = new Map(mapper.collections.map((collection) => [collection.nsid, collection]));
  }

  /** Notes an entry that the fold has touched. */
  touched(entry: Entry): void {
    if (entry.accepted) this.#accepted.add(entry);
    else if (entry.lowered) this.#lowered.add(entry);
  }

  /** Keys of records of accounts that may change, if they are few enough to be loaded. */
  loadedAhead(keys: readonly RecordKey[] | null): void {
    this.#ahead = keys;
  }

  /**
   * Sends what the events so far have made of the working set, and waits for nothing: so Postgres writes
   * one part of a batch while the next is folded. `writes` may hold rows already, on which nothing here
   * depends.
   */
  async send(writes = new Writes()): Promise<void> {
    for (const entry of this.#accepted) {
      const verdict = this.#world.judge(entry);
      writeLetters(writes, entry, verdict, this.reasons);
      writes.accept(entry, verdict);
      this.#settle(writes, entry, verdict, this.#changed);
      entry.accepted = false;
      entry.rejected = NONE_REJECTED;
      entry.body = null;
      if (this.#isDeep(entry)) this.#early.add(entry);
    }
    this.#accepted.clear();
    this.#store(writes);
    // What was sent leaves in a turn of the event loop, and that the next part must not hold up.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sends what is left to send, and follows the consequences of all. */
  async flush(writes = new Writes()): Promise<void> {
    const early = [...this.#early].map(({ key }) => key);
    await this.send(writes);
    this.#early.clear();
    await this.#judgeAccounts();
    const changed = this.#changed;
    this.#changed = [];
    if (changed.length > 0) changed.push(...await this.#judgeAgain(early));
    // One connection: what these ask comes after all that was sent.
    await this.#cascade(changed);
    await this.#lower();
  }

  /** Waits until all that was sent is stored; how many rows were written. Throws what failed first. */
  async stored(): Promise<number> {
    await Promise.all(this.#storing);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#rowsWritten;
  }

  /**
   * Its records are judged again with the next flush. Until then each of them stands as its account does:
   * that is looked at whenever one is judged.
   */
  accountChanged(account: AccountEntry): void {
    this.#changedAccounts.add(account.did);
    for (const entry of this.#world.ofRepository(account.did)) purge(account, entry);
  }

  async #judgeAccounts(): Promise<void> {
    const dids = [...this.#changedAccounts];
    this.#changedAccounts.clear();
    if (this.#ahead === null) {
      for (const did of dids) await this.judgeRepository(did, false);
      return;
    }
    const changed = new Set(dids);
    const keys = new Set(
      this.#ahead.filter(({ did }) => changed.has(did)).map((key) => this.#world.entry(key).key),
    );
    for (const did of dids) {
      for (const { key } of this.#world.ofRepository(did)) keys.add(key);
    }
    this.#changed.push(
      ...await this.#judgeAgain([...keys], (entry) => {
        purge(this.#world.account(entry.key.did), entry);
      }),
    );
  }

  /** Judges all records of a repository again. `rebuilt` makes those that are void give way to any revision. */
  async judgeRepository(did: string, rebuilt: boolean): Promise<void> {
    const account = this.#world.account(did);
    const before = (entry: Entry): void => {
      // After a rebuild the same revision may come again, and is the record then.
      if (purge(account, entry) && rebuilt) entry.rev = REBUILT;
    };
    for await (const keys of recordsOf(this.#tx, did)) {
      await this.#cascade(await this.#judgeAgain(keys, before));
    }
  }

  #isDeep({ content }: Entry): boolean {
    if (content?.kind !== "mapped") return false;
    const { links, about } = content;
    return about !== null || links.some((link) => this.#mapper.between.has(link.reference.target));
  }

  /** Sends rows, and waits for nothing: all questions come after them. */
  #store(writes: Writes): void {
    const storing = store(this.#tx, writes, this.#overwrite).then(
      (rows) => void (this.#rowsWritten += rows),
      (error: unknown) => void (this.#failure ??= { error }),
    ).finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
  }

  /**
   * Judges the children of parents that changed, and their children, some parents and some children at
   * a time: so nothing that is held grows with their number. Whatever order that makes, a child is
   * judged after the last change of each of its parents.
   */
  async #cascade(changed: readonly ChangedParent[]): Promise<void> {
    for (let at = 0; at < changed.length; at += CHUNK) {
      const parents = changed.slice(at, at + CHUNK);
      for await (const keys of childrenOf(this.#tx, this.#mapper, parents)) {
        await this.#cascade(await this.#judgeAgain(keys));
      }
    }
  }

  /** Judges records again and writes those that stand differently. Returns the parents among them. */
  async #judgeAgain(
    keys: readonly RecordKey[],
    before?: (entry: Entry) => void,
  ): Promise<ChangedParent[]> {
    if (keys.length === 0) return [];
    const loaded = await this.#loader.load(keys);
    const changed: ChangedParent[] = [];
    const writes = new Writes();
    const lacking: Entry[] = [];
    for (const key of keys) {
      const entry = this.#world.entry(key);
      before?.(entry);
      if (entry.stored === null) continue;
      const verdict = this.#world.judge(entry);
      if (stands(entry, verdict) && !entry.lowered) continue;
      if (needsBody(verdict)) lacking.push(entry);
      else this.#restate(writes, entry, verdict, changed);
    }
    this.#store(writes);
    for await (const part of this.#bodies.load(lacking)) {
      const writes = new Writes();
      for (const entry of part) {
        const verdict = this.#world.judge(entry);
        this.#restate(writes, entry, verdict, changed);
        // An older version took it, and this one doesn't: whoever was judged by what it says counted on it.
        const isParent = this.#mapper.targets.has(entry.key.collection);
        if (verdict.state === "rejected" && isParent) {
          changed.push({ key: entry.key, wasLive: true });
        }
      }
      this.#store(writes);
      await this.#step("judged_again");
      this.#judged(part.length);
    }
    await this.#step("judged_again");
    this.#judged(keys.length - lacking.length);
    this.#loader.forget(loaded);
    return changed;
  }

  /** Writes a record that stands differently, or was created earlier than the ledger has it. */
  #restate(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    writes.restate(entry, verdict);
    entry.lowered = false;
    if (stands(entry, verdict)) return;
    settleLetters(writes, entry, verdict, this.reasons);
    this.#settle(writes, entry, verdict, changed);
  }

  /**
   * Writes the creation times of records of which only an older revision came. Last: it must find
   * the records as everything else has left them.
   */
  async #lower(): Promise<void> {
    const entries = [...this.#lowered].filter((entry) => entry.lowered);
    this.#lowered.clear();
    // Of a record whose row is refused the children go too.
    if (entries.length > 0) {
      await this.#cascade(await this.#judgeAgain(entries.map(({ key }) => key)));
    }
  }

  /** What every verdict that is written entails: the row's liveness, and news for the children. */
  #settle(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    const wasLive = entry.stored?.state === "applied";
    const isLive = verdict.state === "applied";
    const collection = this.#byNsid.get(entry.key.collection);
    if (wasLive && !isLive && collection !== undefined) writes.hide(collection, entry.key);
    if (isParentChange(entry, isLive, this.#mapper)) {
      changed.push({ key: entry.key, wasLive });
    }
    entry.stored = {
      state: verdict.state,
      reason: verdict.reason,
      waitingFor: verdict.waitingFor,
      loose: verdict.loose,
    };
  }
}

/** Deletes a record that went for good with its account; whether it did. */
function purge({ purgedUntilUs }: AccountEntry, entry: Entry): boolean {
  if (purgedUntilUs === null || entry.timeUs > purgedUntilUs) return false;
  entry.content = DELETED.content;
  entry.body = DELETED.body;
  return true;
}

/** Whether writing what a verdict entails takes what the record holds: for its row, or for its letter. */
function needsBody({ state }: Verdict): boolean {
  return state === "applied" || state === "rejected";
}

/**
 * Whether the ledger says of a record what the verdict says. Which record a bare rkey means is in the
 * product row alone: a parent may have gone and another of its name come at once, so there it can't tell.
 */
function stands({ stored }: Entry, verdict: Verdict): boolean {
  if (verdict.state === "applied" && verdict.loose !== null) return false;
  return stored !== null && stored.state === verdict.state && stored.reason === verdict.reason &&
    stored.waitingFor === verdict.waitingFor &&
    (stored.loose ?? []).join("\n") === (verdict.loose ?? []).join("\n");
}
