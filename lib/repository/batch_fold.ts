/** Folds the events of a batch, in their order, within its transaction. */

import type { TransactionSql } from "postgres";
import type { Account, Commit, Event, Sync } from "../decoder/event.ts";
import type { Content } from "../mapper/content.ts";
import type { RecordKey } from "../mapper/collection.ts";
import { type Batch, type BatchResult, contentsOf } from "./batch.ts";
import { resolveLetters } from "./dead_letters.ts";
import { applyAccount, applyIdentity, applySync } from "./fold/account.ts";
import { foldCommit } from "./fold/fold.ts";
import { World } from "./fold/world.ts";
import { linkedKeys, Loader } from "./load.ts";
import type { Outcome } from "./outcome.ts";
import { Settlement } from "./settlement.ts";
import type { TransactionOptions } from "./transaction.ts";
import { UndecodableMessages } from "./undecodable.ts";
import { WaitingLimit } from "./waiting_limit.ts";
import { Writes } from "./writes.ts";

/** Folds a batch: what it wrote is durable once the transaction commits. */
export async function foldBatch(
  tx: TransactionSql,
  batch: Batch,
  options: TransactionOptions,
): Promise<BatchResult> {
  return await new BatchFold(tx, batch, options).run();
}

class BatchFold {
  readonly #tx: TransactionSql;
  readonly #batch: Batch;
  readonly #options: TransactionOptions;
  readonly #world = new World();
  readonly #loader: Loader;
  readonly #settlement: Settlement;
  readonly #undecodable = new UndecodableMessages();
  readonly #waiting: WaitingLimit;
  /** Accounts and undecodable messages: nothing depends on them, so they go with the last flush. */
  readonly #last = new Writes();

  constructor(tx: TransactionSql, batch: Batch, options: TransactionOptions) {
    const { mapper, refusals, step } = options;
    this.#tx = tx;
    this.#batch = batch;
    this.#options = options;
    this.#waiting = new WaitingLimit(options.waitingLimit);
    this.#loader = new Loader(tx, this.#world, mapper, refusals, batch.events.length);
    this.#settlement = new Settlement(tx, this.#world, this.#loader, mapper, step);
  }

  async run(): Promise<BatchResult> {
    const { mapper, refusals, step } = this.#options;
    const contents = contentsOf(this.#batch, mapper, refusals);
    await this.#load(contents);
    await step("loaded");
    const outcomes: Outcome[] = [];
    for (const event of this.#batch.events) outcomes.push(await this.#fold(event, contents));
    await step("folded");
    await this.#finish(outcomes);
    await step("stored");
    const { reasons, rowsWritten } = this.#settlement;
    return { outcomes, reasons, rowsWritten };
  }

  async #load(contents: ReadonlyMap<Event, Content>): Promise<void> {
    const { events } = this.#batch;
    const commits = events.filter((event) => event.kind === "commit");
    // What they refer to is known already, so one question asks for both.
    const keys: RecordKey[] = [...commits];
    for (const commit of commits) keys.push(...linkedKeys(commit.did, contents.get(commit)!));
    await Promise.all([
      this.#loader.load(keys, false),
      this.#loader.accounts(didsOf(events)),
      this.#undecodable.load(this.#tx, events),
    ]);
    await this.#loader.followLinks(
      commits.map((commit) => ({ author: commit.did, content: contents.get(commit)! })),
    );
    const unresolved = commits.filter((commit) =>
      this.#lacksParent(commit.did, contents.get(commit)!)
    );
    await this.#waiting.load(this.#tx, unresolved.map(({ did }) => did));
  }

  /** Whether something that a record refers to is not there, as things stand before the batch. */
  #lacksParent(author: string, content: Content): boolean {
    return content.kind === "mapped" &&
      content.links.some((link) => this.#world.candidates(author, link).length !== 1);
  }

  async #fold(event: Event, contents: ReadonlyMap<Event, Content>): Promise<Outcome> {
    switch (event.kind) {
      case "commit":
        return await this.#foldCommit(event, contents.get(event)!);
      case "account":
      case "sync":
        return await this.#foldRepository(event);
      case "identity":
        return applyIdentity(this.#world.account(event.did), event);
      case "malformed": {
        const outcome = this.#undecodable.keep(event, this.#last);
        if (outcome === "dead_letter") this.#settlement.reasons.push(event.refusal.reason);
        return outcome;
      }
      case "foreign":
      case "notice":
        return "ignored";
    }
  }

  async #foldCommit(commit: Commit, content: Content): Promise<Outcome> {
    const outcome = foldCommit(this.#world, commit, content, {
      again: this.#batch.letters.length > 0,
      mayWait: (entry) => this.#waiting.admits(entry),
    });
    this.#settlement.touched(this.#world.entry(commit));
    // What a later event's bare reference means may hang on the consequences of this one.
    if (this.#loader.hasUnsteadyNames && this.#options.mapper.targets.has(commit.collection)) {
      await this.#settlement.flush();
    }
    return outcome;
  }

  /** An event that changes all records of a repository: what came before it is settled first. */
  async #foldRepository(event: Account | Sync): Promise<Outcome> {
    const account = this.#world.account(event.did);
    if (account.knownSinceUs !== null) await this.#settlement.flush();
    const outcome = event.kind === "account"
      ? applyAccount(account, event)
      : applySync(account, event);
    if (outcome === "applied") {
      await this.#settlement.judgeRepository(event.did, event.kind === "sync");
    }
    return outcome;
  }

  async #finish(outcomes: readonly Outcome[]): Promise<void> {
    for (const account of this.#world.accounts.values()) {
      if (account.changed) this.#last.account(account);
    }
    await this.#settlement.flush(this.#last);
    const tried = this.#batch.letters.filter((_, index) => outcomes[index] !== "dead_letter");
    if (tried.length > 0) await resolveLetters(this.#tx, tried, "retried");
  }
}

function* didsOf(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.kind === "account" || event.kind === "identity" || event.kind === "sync") {
      yield event.did;
    }
  }
}
