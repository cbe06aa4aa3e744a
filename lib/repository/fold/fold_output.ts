/**
 * Writes changed records, one part of the batch at a time, and has the affected records judged again:
 * children, records of earlier parts, and repositories whose account changed.
 */

import { setImmediate } from "node:timers";
import type { TransactionSql } from "../connection/sql.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import { DELETED, type Mapper } from "../../mapper/content.ts";
import { isDecision } from "../../mapper/decision.ts";
import { recordsOf } from "./cascade.ts";
import type { ChildrenAhead } from "./children_ahead.ts";
import type { ChangedParent } from "./changed_parent.ts";
import type { Difference } from "./record_difference.ts";
import type { AccountEntry } from "./account.ts";
import { type Entry, NONE_REJECTED } from "./entry.ts";
import { REBUILT } from "./fold_commit.ts";
import type { WorkingSet } from "./working_set.ts";
import { writeDeadLetters } from "./verdict_dead_letters.ts";
import type { Loader } from "./loader.ts";
import { Rejudging } from "./rejudging.ts";
import { PendingStatements } from "./pending_statements.ts";
import type { TransactionOptions } from "./transaction_options.ts";
import { Writes } from "./writes.ts";

export class FoldOutput {
  readonly #tx: TransactionSql;
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #loader: Loader;
  readonly #children: ChildrenAhead;
  readonly #statements: PendingStatements;
  readonly #rejudging: Rejudging;
  /** Entries that events brought since the last flush. */
  readonly #accepted = new Set<Entry>();
  /** Entries of which only an older revision came, with an earlier creation time. */
  readonly #lowered = new Set<Entry>();
  /**
   * Entries of earlier parts whose verdict depends on a record that itself depends on others. Such a record
   * can stop and start being live between two parts; only judging these entries again shows the effect.
   */
  readonly #early = new Set<Entry>();
  /** Parents that changed and whose children have not been judged since. */
  #changed: ChangedParent[] = [];
  /** Accounts whose records have to be judged again. */
  readonly #changedAccounts = new Set<string>();
  /** Records of those accounts that are already in the working set; null: too many to load. */
  #ahead: readonly RecordKey[] | null = null;
  /** The reason of each dead letter. */
  readonly reasons: string[] = [];

  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    loader: Loader,
    children: ChildrenAhead,
    options: TransactionOptions,
  ) {
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#mapper = options.mapper;
    this.#loader = loader;
    this.#children = children;
    this.#statements = new PendingStatements(tx, options);
    this.#rejudging = new Rejudging(
      tx,
      workingSet,
      loader,
      this.#statements,
      this.reasons,
      options,
    );
  }

  /** Notes an entry that the fold changed. */
  touched(entry: Entry): void {
    if (entry.accepted) this.#accepted.add(entry);
    else if (entry.lowered) this.#lowered.add(entry);
  }

  /** Keys of records of accounts that may change; null when there are too many to load. */
  loadedAhead(keys: readonly RecordKey[] | null): void {
    this.#ahead = keys;
  }

  /**
   * Sends the changes of all events so far, without waiting: Postgres writes one part of the batch while the
   * next is folded. `writes` may already hold rows that are independent of these.
   */
  async send(writes = new Writes()): Promise<void> {
    for (const entry of this.#accepted) {
      const verdict = this.#workingSet.judge(entry);
      writeDeadLetters(writes, entry, verdict, this.reasons);
      writes.accept(entry, verdict);
      this.#rejudging.settle(writes, entry, verdict, this.#changed);
      entry.accepted = false;
      entry.rejected = NONE_REJECTED;
      entry.body = null;
      if (this.#isDeep(entry)) this.#early.add(entry);
      this.#children.brought(entry);
    }
    this.#accepted.clear();
    this.#statements.store(writes);
    // The driver sends on the next turn of the event loop. Folding the next part must not delay it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sends the remaining changes and follows all consequences. */
  async flush(writes = new Writes()): Promise<void> {
    const early = [...this.#early].map(({ key }) => key);
    await this.send(writes);
    this.#early.clear();
    const known = this.#changed.filter((parent) => this.#children.knows(parent));
    const changed = this.#changed.filter((parent) => !this.#children.knows(parent));
    this.#changed = [];
    const keys = [...this.#children.of(known), ...await this.#ofChangedAccounts()];
    if (known.length + changed.length + keys.length > 0) {
      changed.push(...await this.#judgeAgain([...keys, ...early]));
    }
    // There is one connection: these queries run after everything that was sent.
    await this.#rejudging.cascade(changed);
    await this.#lower();
  }

  /** Judges records again, each once, by the current state of their accounts. Returns the parents that changed. */
  #judgeAgain(keys: readonly RecordKey[]): Promise<ChangedParent[]> {
    this.#children.end();
    const once = new Set(keys.map((key) => this.#workingSet.entry(key).key));
    const before = (entry: Entry): unknown => purge(this.#workingSet.account(entry.key.did), entry);
    return this.#rejudging.again([...once], { before });
  }

  /** Waits until everything sent is stored. Returns the number of rows written; throws the first failure. */
  stored(): Promise<number> {
    return this.#statements.stored();
  }

  /**
   * Its records are judged again at the next flush. Until then judging one of them reads the account's new
   * state.
   */
  accountChanged(account: AccountEntry): void {
    this.#changedAccounts.add(account.did);
    for (const entry of this.#workingSet.ofRepository(account.did)) purge(account, entry);
  }

  /** Notes parents of another partition that started or stopped being live. */
  changedElsewhere(parents: readonly ChangedParent[]): void {
    this.#changed.push(...parents);
  }

  /**
   * Whether the meaning of later events may depend on the records of an account that becomes active again.
   */
  mayAffectLaterEvents(did: string): boolean {
    if (this.#ahead === null) return this.#loader.mayMean(null);
    const ahead = this.#ahead.filter((key) => key.did === did);
    const inBatch = [...this.#workingSet.ofRepository(did)].map(({ key }) => key);
    return this.#loader.mayMean([...ahead, ...inBatch]);
  }

  /** The keys of all records of the changed accounts. When there are too many to load, judges them and returns none. */
  async #ofChangedAccounts(): Promise<RecordKey[]> {
    const dids = [...this.#changedAccounts];
    this.#changedAccounts.clear();
    if (this.#ahead === null) {
      for (const did of dids) await this.judgeRepository(did, false);
      return [];
    }
    const changed = new Set(dids);
    const keys = this.#ahead.filter(({ did }) => changed.has(did));
    for (const did of dids) {
      for (const { key } of this.#workingSet.ofRepository(did)) keys.push(key);
    }
    return keys;
  }

  /** Judges all records of a repository again. With `rebuilt`, void records accept any revision. */
  async judgeRepository(did: string, rebuilt: boolean): Promise<void> {
    this.#children.end();
    const account = this.#workingSet.account(did);
    const before = (entry: Entry): void => {
      // After a rebuild the same revision may come again and is then valid.
      if (purge(account, entry) && rebuilt) entry.rev = REBUILT;
    };
    for await (const keys of recordsOf(this.#tx, did)) {
      await this.#rejudging.cascade(await this.#rejudging.again(keys, { before }));
    }
  }

  /** Maps records again, with all consequences. Returns those with a difference. */
  async remap(keys: readonly RecordKey[]): Promise<Difference[]> {
    const { changed, differences } = await this.#rejudging.remap(keys);
    await this.#rejudging.cascade(changed);
    return differences;
  }

  #isDeep({ content }: Entry): boolean {
    if (content?.kind !== "mapped") return false;
    return isDecision(content) ||
      content.links.some((link) => this.#mapper.between.has(link.reference.target));
  }

  /**
   * Writes the creation times of records of which only an older revision came. This must run last, so that it
   * sees the final state of the records.
   */
  async #lower(): Promise<void> {
    const entries = [...this.#lowered].filter((entry) => entry.lowered);
    this.#lowered.clear();
    // When the row of a record is rejected, its children stop being live too.
    if (entries.length > 0) {
      await this.#rejudging.cascade(await this.#judgeAgain(entries.map(({ key }) => key)));
    }
  }
}

/** Deletes a record that was purged with its account. Returns whether it was. */
function purge({ purgedUntilUs }: AccountEntry, entry: Entry): boolean {
  if (purgedUntilUs === null || entry.timeUs > purgedUntilUs) return false;
  entry.content = DELETED.content;
  entry.body = DELETED.body;
  return true;
}
