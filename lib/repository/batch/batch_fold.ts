/** Folds the events of a batch in order, within its transaction. */

import type { TransactionSql } from "../connection/sql.ts";
import type { Account, Commit, Event, Sync } from "../../decoder/event.ts";
import { type Batch, type BatchResult, revisionOf } from "../fold/batch.ts";
import { resolveDeadLetters } from "../dead_letters/dead_letters.ts";
import { ChildrenAhead } from "../fold/children_ahead.ts";
import {
  applyAccount,
  applyIdentity,
  applySync,
  isInactiveBySource,
  isUnconfirmed,
} from "../fold/account.ts";
import { foldCommit, type FoldOptions, OUTCOME_OF_STATE, refuse } from "../fold/fold_commit.ts";
import type { State } from "../fold/state.ts";
import { WorkingSet } from "../fold/working_set.ts";
import { Loader } from "../fold/loader.ts";
import { takeMail } from "../fold/mailbox.ts";
import type { Outcome } from "../outcome.ts";
import { owns } from "../partitions/partition.ts";
import { FoldOutput } from "../fold/fold_output.ts";
import type { PartSizes, TransactionOptions } from "../fold/transaction_options.ts";
import { loadBatch } from "./load_batch.ts";
import { UndecodableMessages } from "./undecodable.ts";
import { TOO_MANY_WAIT, WaitingLimit } from "./waiting_limit.ts";
import { Writes } from "../fold/writes.ts";

/**
 * Small first part: Postgres gets work early, and then writes one part while the next is folded. Each part
 * costs one statement per table. Relative to bare statements, parts of 64 then 256 events made 0.53, of 32
 * and 330 0.55, of 128 and 450 0.58, of 200 and 800 0.50.
 */
export const PART_SIZES: PartSizes = { first: 128, next: 436 };

/**
 * Folds a batch. Its writes are durable once the transaction commits. The first queries are sent at once;
 * folding starts after `begun`.
 */
export async function foldBatch(
  tx: TransactionSql,
  batch: Batch,
  begun: Promise<void>,
  options: TransactionOptions,
): Promise<Folded> {
  return await new BatchFold(tx, batch, options).run(begun);
}

/** A batch whose statements were all sent. */
export interface Folded {
  readonly result: Omit<BatchResult, "rowsWritten">;
  /** Waits until everything is stored. Returns the number of rows written; throws the first failure. */
  readonly stored: () => Promise<number>;
}

class BatchFold {
  readonly #tx: TransactionSql;
  readonly #batch: Batch;
  readonly #options: TransactionOptions;
  readonly #workingSet: WorkingSet;
  readonly #loader: Loader;
  readonly #children: ChildrenAhead;
  readonly #output: FoldOutput;
  readonly #undecodable = new UndecodableMessages();
  readonly #waiting: WaitingLimit;
  readonly #fold: FoldOptions;
  /** Accounts and undecodable messages: nothing depends on them, so they are sent with the last flush. */
  readonly #last = new Writes();

  constructor(tx: TransactionSql, batch: Batch, options: TransactionOptions) {
    const { mapper, refusals } = options;
    this.#tx = tx;
    const { share } = options;
    this.#workingSet = new WorkingSet(mapper.decided, (did) => !owns(share, did));
    this.#batch = batch;
    this.#options = options;
    this.#waiting = new WaitingLimit(tx, options.waitingLimit);
    this.#loader = new Loader(
      tx,
      this.#workingSet,
      mapper,
      refusals,
      batch.mail ?? batch.events.length,
    );
    this.#children = new ChildrenAhead(tx, mapper);
    this.#output = new FoldOutput(tx, this.#workingSet, this.#loader, this.#children, options);
    this.#fold = {
      again: againOf(batch),
      revisionOf: (commit) => revisionOf(commit, mapper, refusals),
    };
  }

  async run(begun: Promise<void>): Promise<Folded> {
    const { step } = this.#options;
    await Promise.all([begun, this.#load()]);
    await step("loaded");
    const outcomes: Outcome[] = [];
    let mailTaken = 0;
    try {
      if (this.#batch.mail !== undefined) mailTaken = await this.#takeMail(this.#batch.mail);
      await this.#foldAll(outcomes);
      await step("folded");
      await this.#finish(outcomes);
      if (this.#batch.remap !== undefined) {
        const remapped = await this.#output.remap(this.#batch.remap);
        return {
          result: { outcomes, reasons: [], remapped },
          stored: () => this.#output.stored(),
        };
      }
    } catch (error) {
      // After the first failed statement all others fail because they are in the same transaction: report the
      // first.
      await this.#output.stored();
      throw error;
    }
    await step("stored");
    const { reasons } = this.#output;
    const mail = mailTaken > 0 ? { mailTaken } : {};
    return { result: { outcomes, reasons, ...mail }, stored: () => this.#output.stored() };
  }

  /** Reads notes. The children of the records that they name are judged again with the last flush. */
  async #takeMail(most: number): Promise<number> {
    const { taken, parents } = await takeMail(this.#tx, this.#options.share, most);
    this.#output.changedElsewhere(parents);
    return taken;
  }

  #load(): Promise<void> {
    return loadBatch({
      tx: this.#tx,
      batch: this.#batch,
      options: this.#options,
      again: this.#fold.again,
      workingSet: this.#workingSet,
      loader: this.#loader,
      children: this.#children,
      output: this.#output,
      undecodable: this.#undecodable,
      waiting: this.#waiting,
    });
  }

  async #foldAll(outcomes: Outcome[]): Promise<void> {
    const { first, next } = this.#options.parts;
    let left = first;
    for (const event of this.#batch.events) {
      outcomes.push(await this.#foldEvent(event));
      if (--left > 0) continue;
      left = next;
      await this.#output.send();
    }
  }

  async #foldEvent(event: Event): Promise<Outcome> {
    switch (event.kind) {
      case "commit":
        return await this.#foldCommit(event);
      case "account":
      case "sync":
        return await this.#foldRepository(event);
      case "identity":
        return applyIdentity(this.#workingSet.account(event.did), event);
      case "malformed": {
        const isHeld = (did: string, timeUs: number | null): boolean => {
          const { knownSinceUs } = this.#workingSet.account(did);
          return knownSinceUs !== null && (timeUs === null || timeUs >= knownSinceUs);
        };
        const outcome = this.#undecodable.keep(event, isHeld, this.#last);
        if (outcome === "dead_letter") this.#output.reasons.push(event.refusal.reason);
        return outcome;
      }
      case "foreign":
      case "notice":
        return "ignored";
    }
  }

  async #foldCommit(commit: Commit): Promise<Outcome> {
    const entry = this.#workingSet.entry(commit);
    const account = this.#workingSet.account(commit.did);
    const isFirst = account.knownSinceUs === null;
    let outcome = foldCommit(this.#workingSet, entry, commit, this.#fold);
    if (outcome === "waiting" && !await this.#waiting.admits(entry)) {
      outcome = refuse(this.#workingSet, entry, TOO_MANY_WAIT);
    }
    this.#output.touched(entry);
    // Of an account that nothing was held of, nobody has asked.
    if (isFirst && isUnconfirmed(account)) this.#last.reconcile(commit.did, "deletion");
    const isNews = outcome !== "duplicate" && outcome !== "stale";
    // It publishes, although its source called it inactive.
    if (isNews && isInactiveBySource(account)) this.#last.reconcile(commit.did, "reactivated");
    if (this.#loader.mayAffectLaterEvents(commit)) await this.#output.flush();
    return outcome;
  }

  /** Folds an event that changes all records of a repository. */
  async #foldRepository(event: Account | Sync): Promise<Outcome> {
    const account = this.#workingSet.account(event.did);
    if (event.kind === "sync") {
      // The repository's records follow, possibly at revisions that are stored already. Events before this
      // one are therefore settled first.
      if (account.knownSinceUs !== null) await this.#output.flush();
      const outcome = applySync(account, event);
      const isNews = outcome === "applied" || (outcome === "ignored" && !event.recordsFollow);
      if (isNews && account.knownSinceUs !== null) this.#last.reconcile(event.did, "sync");
      if (outcome === "applied") await this.#output.judgeRepository(event.did, true);
      return outcome;
    }
    const wasActive = account.active;
    const outcome = applyAccount(account, event);
    if (outcome !== "applied") return outcome;
    if (account.active && !wasActive) this.#last.reconcile(event.did, "reactivated");
    if (isUnconfirmed(account)) this.#last.reconcile(event.did, "deletion");
    this.#output.accountChanged(account);
    // A record that becomes live again may be the target of a later event's bare rkey.
    if (event.active && this.#output.mayAffectLaterEvents(event.did)) await this.#output.flush();
    return outcome;
  }

  async #finish(outcomes: Outcome[]): Promise<void> {
    for (const account of this.#workingSet.accounts.values()) {
      if (account.changed) this.#last.account(account);
    }
    await this.#output.flush(this.#last);
    const { deadLetters } = this.#batch;
    if (deadLetters.length > 0) this.#judgeRetried(outcomes);
    const settled = deadLetters.filter((_, index) => outcomes[index] !== "dead_letter");
    if (settled.length > 0) await resolveDeadLetters(this.#tx, settled, "retried");
  }

  /**
   * A retried record can be accepted or rejected because of another record of the same retry. Whether its
   * dead letter stays open therefore depends on the final verdict.
   */
  #judgeRetried(outcomes: Outcome[]): void {
    for (const [index, event] of this.#batch.events.entries()) {
      if (event.kind !== "commit" || outcomes[index] === "duplicate") continue;
      const { rev, stored } = this.#workingSet.entry(event);
      if (rev === event.rev && stored !== null) outcomes[index] = OUTCOME_OF_STATE[stored.state];
    }
  }
}

/** Which records accept their current revision again. */
function againOf({ deadLetters, fromSource }: Batch): State | null {
  if (fromSource) return "deleted";
  return deadLetters.length > 0 ? "rejected" : null;
}
