/**
 * Writes what became of records, part after part, and has those judged again that stand differently by
 * it: children, records of earlier parts, a repository whose account changed.
 */

import { setImmediate } from "node:timers";
import type { TransactionSql } from "../connection/sql.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import { DELETED, type Mapper } from "../../mapper/content.ts";
import { recordsOf } from "./cascade.ts";
import type { ChangedParent } from "./changed_parent.ts";
import type { Difference } from "./record_difference.ts";
import type { AccountEntry } from "./account.ts";
import { type Entry, NONE_REJECTED } from "./entry.ts";
import { REBUILT } from "./fold_commit.ts";
import type { WorkingSet } from "./working_set.ts";
import { writeLetters } from "./verdict_letters.ts";
import type { Loader } from "./loader.ts";
import { Rejudging } from "./rejudging.ts";
import { Sending } from "./sending.ts";
import type { TransactionOptions } from "./transaction_options.ts";
import { Writes } from "./writes.ts";

export class FoldOutput {
  readonly #tx: TransactionSql;
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #loader: Loader;
  readonly #sending: Sending;
  readonly #rejudging: Rejudging;
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
  /** Why events went to the dead letters, each once. */
  readonly reasons: string[] = [];

  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    loader: Loader,
    options: TransactionOptions,
  ) {
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#mapper = options.mapper;
    this.#loader = loader;
    this.#sending = new Sending(tx, options);
    this.#rejudging = new Rejudging(tx, workingSet, loader, this.#sending, this.reasons, options);
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
      const verdict = this.#workingSet.judge(entry);
      writeLetters(writes, entry, verdict, this.reasons);
      writes.accept(entry, verdict);
      this.#rejudging.settle(writes, entry, verdict, this.#changed);
      entry.accepted = false;
      entry.rejected = NONE_REJECTED;
      entry.body = null;
      if (this.#isDeep(entry)) this.#early.add(entry);
    }
    this.#accepted.clear();
    this.#sending.store(writes);
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
    if (changed.length > 0) changed.push(...await this.#rejudging.again(early));
    // One connection: what these ask comes after all that was sent.
    await this.#rejudging.cascade(changed);
    await this.#lower();
  }

  /** Waits until all that was sent is stored; how many rows were written. Throws what failed first. */
  stored(): Promise<number> {
    return this.#sending.stored();
  }

  /**
   * Its records are judged again with the next flush. Until then each of them stands as its account does:
   * that is looked at whenever one is judged.
   */
  accountChanged(account: AccountEntry): void {
    this.#changedAccounts.add(account.did);
    for (const entry of this.#workingSet.ofRepository(account.did)) purge(account, entry);
  }

  /** Notes parents of another partition that started or stopped being live. */
  changedElsewhere(parents: readonly ChangedParent[]): void {
    this.#changed.push(...parents);
  }

  /** Whether what later events mean may hang on the records of an account that comes back. */
  maySway(did: string): boolean {
    if (this.#ahead === null) return this.#loader.mayMean(null);
    const ahead = this.#ahead.filter((key) => key.did === did);
    const inBatch = [...this.#workingSet.ofRepository(did)].map(({ key }) => key);
    return this.#loader.mayMean([...ahead, ...inBatch]);
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
      this.#ahead.filter(({ did }) => changed.has(did)).map((key) =>
        this.#workingSet.entry(key).key
      ),
    );
    for (const did of dids) {
      for (const { key } of this.#workingSet.ofRepository(did)) keys.add(key);
    }
    this.#changed.push(
      ...await this.#rejudging.again([...keys], {
        before: (entry) => purge(this.#workingSet.account(entry.key.did), entry),
      }),
    );
  }

  /** Judges all records of a repository again. `rebuilt` makes those that are void give way to any revision. */
  async judgeRepository(did: string, rebuilt: boolean): Promise<void> {
    const account = this.#workingSet.account(did);
    const before = (entry: Entry): void => {
      // After a rebuild the same revision may come again, and is the record then.
      if (purge(account, entry) && rebuilt) entry.rev = REBUILT;
    };
    for await (const keys of recordsOf(this.#tx, did)) {
      await this.#rejudging.cascade(await this.#rejudging.again(keys, { before }));
    }
  }

  /** Maps records again, with all consequences. Returns those that stood otherwise. */
  async remap(keys: readonly RecordKey[]): Promise<Difference[]> {
    const { changed, differences } = await this.#rejudging.remap(keys);
    await this.#rejudging.cascade(changed);
    return differences;
  }

  #isDeep({ content }: Entry): boolean {
    if (content?.kind !== "mapped") return false;
    const { links, about } = content;
    return about !== null || links.some((link) => this.#mapper.between.has(link.reference.target));
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
      await this.#rejudging.cascade(await this.#rejudging.again(entries.map(({ key }) => key)));
    }
  }
}

/** Deletes a record that went for good with its account; whether it did. */
function purge({ purgedUntilUs }: AccountEntry, entry: Entry): boolean {
  if (purgedUntilUs === null || entry.timeUs > purgedUntilUs) return false;
  entry.content = DELETED.content;
  entry.body = DELETED.body;
  return true;
}
