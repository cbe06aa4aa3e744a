/**
 * One batch, one transaction: load, fold, store, move the cursor. Nothing outside it depends on
 * anything but its commit, so a batch that fails at any instruction can be run again from the start.
 */

import type { Sql, TransactionSql } from "postgres";
import type { Account, Event, Malformed, Sync } from "../decoder/event.ts";
import { isoFromMicros } from "../micros.ts";
import type { Mapper } from "../mapper/content.ts";
import {
  type Batch,
  type BatchResult,
  contentsOf,
  type CursorUpdate,
  type Refusals,
} from "./batch.ts";
import { type ChangedParent, childrenOf, isParentChange, recordsOf } from "./cascade.ts";
import { applyAccount, applyIdentity, applySync } from "./fold/account.ts";
import type { Entry, Verdict } from "./fold/entry.ts";
import { foldCommit, REBUILT } from "./fold/fold.ts";
import { World } from "./fold/world.ts";
import { settleLetters, writeLetters } from "./letters.ts";
import { resolveLetters } from "./dead_letters.ts";
import { Loader } from "./load.ts";
import type { Outcome } from "./outcome.ts";
import { store } from "./store.ts";
import { Writes } from "./writes.ts";

/** What a transaction needs besides the batch. */
export interface TransactionOptions {
  readonly mapper: Mapper;
  readonly consumer: string;
  /** Instance id, kept beside the cursor. */
  readonly holder: string;
  readonly refusals: Refusals;
  /** A statement that takes longer ends with an error, and the batch is tried again. */
  readonly statementTimeoutMs: number;
  /** Told before each step: faults are injected here, and progress is seen. */
  readonly step: (name: Step) => void | Promise<void>;
}

export type Step = "begun" | "loaded" | "folded" | "stored" | "cursor_moved" | "committed";

/** All writers of one database take this lock, whatever their consumer: the fold needs the world to hold still. */
const WRITER_LOCK = 0x6a_65_74_73; // "jets"

/** The result of a batch whose commit may have happened although its answer was lost. */
const attempts = new WeakMap<Batch, BatchResult>();

/** Applies a batch. Resolves once it is durable. */
export async function applyBatch(
  sql: Sql,
  batch: Batch,
  options: TransactionOptions,
): Promise<BatchResult> {
  const result = await sql.begin(async (tx) => {
    const { consumer, holder, step } = options;
    const timeout = String(options.statementTimeoutMs);
    const [, state] = await Promise.all([
      tx`select set_config('statement_timeout', ${timeout}, true),
        set_config('idle_in_transaction_session_timeout', ${timeout}, true),
        pg_advisory_xact_lock(${WRITER_LOCK})`,
      tx<{ batch: string | null }[]>`
        select batch from indexer_state where consumer = ${consumer} for update`,
    ]);
    await step("begun");
    const before = attempts.get(batch);
    if (before !== undefined && state[0]?.batch === batch.id) return before;

    const result = await new BatchFold(tx, batch, options).run();
    // A retry of dead letters is no part of the stream, and run twice it changes nothing.
    if (batch.letters.length === 0) await moveCursor(tx, batch, consumer, holder);
    await step("cursor_moved");
    attempts.set(batch, result);
    return result;
  });
  await options.step("committed");
  return result;
}

async function moveCursor(
  tx: TransactionSql,
  batch: Batch,
  consumer: string,
  holder: string,
): Promise<void> {
  const { id, cursor } = batch;
  if (cursor === null) {
    await tx`insert into indexer_state (consumer, batch, holder) values (${consumer}, ${id}, ${holder})
      on conflict (consumer) do update set batch = excluded.batch, holder = excluded.holder`;
    return;
  }
  // Monotonic on one instance; another instance counts anew.
  await tx`insert into indexer_state as s (consumer, cursor, cursor_time, source, batch, holder)
    values (${consumer}, ${cursor.cursor}, ${isoFromMicros(cursor.timeUs)}, ${cursor.source}, ${id},
      ${holder})
    on conflict (consumer) do update set
      cursor = case when s.source = excluded.source
        then greatest(s.cursor, excluded.cursor) else excluded.cursor end,
      cursor_time = case when s.source = excluded.source
        then greatest(s.cursor_time, excluded.cursor_time) else excluded.cursor_time end,
      source = excluded.source, batch = excluded.batch, holder = excluded.holder,
      last_updated = now()`;
}

class BatchFold {
  readonly #tx: TransactionSql;
  readonly #batch: Batch;
  readonly #options: TransactionOptions;
  readonly #world = new World();
  readonly #loader: Loader;
  readonly #targets: ReadonlySet<string>;
  /** Entries that events brought since the last flush. */
  readonly #accepted = new Set<Entry>();
  /** Entries of which only an older revision came, that was created earlier. */
  readonly #lowered = new Set<Entry>();
  /** Undecodable messages that are among the dead letters, or will be with this batch. */
  readonly #fingerprints = new Set<string>();
  /** Written last: it depends on nothing and nothing on it. */
  readonly #messages = new Writes();
  readonly #outcomes: Outcome[] = [];
  readonly #reasons: string[] = [];
  #rowsWritten = 0;

  constructor(tx: TransactionSql, batch: Batch, options: TransactionOptions) {
    this.#tx = tx;
    this.#batch = batch;
    this.#options = options;
    this.#loader = new Loader(tx, this.#world, options.mapper, batch.events.length);
    this.#targets = new Set(
      options.mapper.collections.flatMap(({ references }) => references.map((r) => r.target)),
    );
  }

  async run(): Promise<BatchResult> {
    const batch = this.#batch;
    const contents = contentsOf(batch, this.#options.mapper, this.#options.refusals);
    const commits = batch.events.filter((event) => event.kind === "commit");
    await Promise.all([
      this.#loader.load(commits, false),
      this.#loader.accounts(didsOf(batch.events)),
      this.#loadFingerprints(),
    ]);
    await this.#loader.followLinks(
      commits.map((commit) => ({ author: commit.did, content: contents.get(commit)! })),
    );
    await this.#options.step("loaded");

    const again = batch.letters.length > 0;
    for (const event of batch.events) {
      switch (event.kind) {
        case "commit": {
          const content = contents.get(event)!;
          const outcome = foldCommit(this.#world, event, content, again);
          const entry = this.#world.entry(event);
          if (entry.accepted) this.#accepted.add(entry);
          else if (entry.lowered) this.#lowered.add(entry);
          // What a later event's bare reference means may hang on the consequences of this one.
          if (this.#loader.hasUnsteadyNames && this.#targets.has(event.collection)) {
            await this.#flush();
          }
          this.#outcomes.push(outcome);
          break;
        }
        case "account":
        case "sync":
          this.#outcomes.push(await this.#applyToRepository(event));
          break;
        case "identity":
          this.#outcomes.push(applyIdentity(this.#world.account(event.did), event));
          break;
        case "malformed":
          this.#outcomes.push(this.#keepMessage(event));
          break;
        case "foreign":
        case "failure":
          this.#outcomes.push("ignored");
          break;
      }
    }
    await this.#flush();
    await this.#finish();
    return { outcomes: this.#outcomes, reasons: this.#reasons, rowsWritten: this.#rowsWritten };
  }

  /** An event that changes all records of a repository: what came before it is settled first. */
  async #applyToRepository(event: Account | Sync): Promise<Outcome> {
    const account = this.#world.account(event.did);
    if (account.knownSinceUs !== null) await this.#flush();
    const outcome = event.kind === "account"
      ? applyAccount(account, event)
      : applySync(account, event);
    if (outcome === "applied") await this.#judgeRepository(event.did, event.kind === "sync");
    return outcome;
  }

  /** Writes what the events so far have made of the working set, and follows the consequences. */
  async #flush(): Promise<void> {
    if (this.#accepted.size === 0) return await this.#lower();
    const writes = new Writes();
    const changed: ChangedParent[] = [];
    for (const entry of this.#accepted) {
      const verdict = this.#world.judge(entry);
      writeLetters(writes, entry, verdict, this.#reasons);
      writes.accept(entry, verdict);
      this.#settle(writes, entry, verdict, changed);
      entry.accepted = false;
      entry.rejected = [];
    }
    this.#accepted.clear();
    await this.#options.step("folded");
    await this.#store(writes);
    await this.#cascade(changed);
    await this.#lower();
    await this.#options.step("stored");
  }

  /** Writes the creation times of records of which only an older revision came. */
  async #lower(): Promise<void> {
    const entries = [...this.#lowered].filter((entry) => !entry.accepted);
    this.#lowered.clear();
    if (entries.length === 0) return;
    await this.#loader.load(entries.map(({ key }) => key), true);
    const writes = new Writes();
    for (const entry of entries) {
      writes.restate(entry, this.#world.judge(entry));
      entry.lowered = false;
    }
    await this.#store(writes);
  }

  /** Judges all records of a repository again. */
  async #judgeRepository(did: string, rebuilt: boolean): Promise<void> {
    const account = this.#world.account(did);
    const changed: ChangedParent[] = [];
    for await (const keys of recordsOf(this.#tx, did)) {
      changed.push(
        ...await this.#judgeAgain(keys, (entry) => {
          if (account.purgedUntilUs === null || entry.timeUs > account.purgedUntilUs) return;
          entry.content = { kind: "deleted" };
          // After a rebuild the same revision may come again, and is the record then.
          if (rebuilt) entry.rev = REBUILT;
        }),
      );
    }
    await this.#cascade(changed);
  }

  async #cascade(first: readonly ChangedParent[]): Promise<void> {
    let parents = first;
    while (parents.length > 0) {
      const changed: ChangedParent[] = [];
      for await (const keys of childrenOf(this.#tx, this.#options.mapper, parents)) {
        changed.push(...await this.#judgeAgain(keys));
      }
      parents = changed;
    }
  }

  /** Judges records again and writes those that stand differently. Returns the parents among them. */
  async #judgeAgain(
    keys: readonly { did: string; collection: string; rkey: string }[],
    before?: (entry: Entry) => void,
  ): Promise<ChangedParent[]> {
    const added = await this.#loader.load(keys, true);
    const writes = new Writes();
    const changed: ChangedParent[] = [];
    for (const key of keys) {
      const entry = this.#world.entry(key);
      before?.(entry);
      if (entry.stored === null || this.#accepted.has(entry)) continue;
      const verdict = this.#world.judge(entry);
      if (stands(entry, verdict)) continue;
      settleLetters(writes, entry, verdict, this.#reasons);
      writes.restate(entry, verdict);
      this.#settle(writes, entry, verdict, changed);
    }
    await this.#store(writes);
    // Parents stay: later events of the batch may refer to them by a bare rkey.
    for (const entry of added) {
      if (!this.#targets.has(entry.key.collection)) this.#world.forget(entry);
    }
    return changed;
  }

  /** What every verdict that is written entails: the row's liveness, and news for the children. */
  #settle(writes: Writes, entry: Entry, verdict: Verdict, changed: ChangedParent[]): void {
    const wasLive = entry.stored?.state === "applied";
    const isLive = verdict.state === "applied";
    if (wasLive && !isLive) {
      const collection = this.#options.mapper.collections.find(({ nsid }) =>
        nsid === entry.key.collection
      );
      if (collection !== undefined) writes.hide(collection, entry.key);
    }
    if (isParentChange(entry, isLive, this.#targets)) changed.push({ key: entry.key, wasLive });
    entry.stored = {
      state: verdict.state,
      reason: verdict.reason,
      waitingFor: verdict.waitingFor,
      loose: verdict.loose,
    };
  }

  /** Keeps a message that can't be decoded, once. */
  #keepMessage(event: Malformed): Outcome {
    if (this.#fingerprints.has(event.fingerprint)) return "duplicate";
    this.#fingerprints.add(event.fingerprint);
    this.#reasons.push(event.refusal.reason);
    this.#messages.letter({
      fingerprint: event.fingerprint,
      ...event.refusal,
      key: null,
      rev: null,
      payload: { excerpt: event.excerpt },
      superseded: false,
      retryInMs: null,
    });
    return "dead_letter";
  }

  /** Finds which undecodable messages of the batch are among the dead letters already. */
  async #loadFingerprints(): Promise<void> {
    const all = this.#batch.events.filter((event) => event.kind === "malformed");
    if (all.length === 0) return;
    const fingerprints = JSON.stringify(all.map(({ fingerprint }) => fingerprint));
    const known = await this.#tx<{ fingerprint: string }[]>`
      select fingerprint from dead_letters where fingerprint in
        (select f collate "C" from json_array_elements_text(${fingerprints}::text::json) as f)`;
    for (const { fingerprint } of known) this.#fingerprints.add(fingerprint);
  }

  /** Writes what the batch made of accounts and of messages that could not be decoded. */
  async #finish(): Promise<void> {
    for (const account of this.#world.accounts.values()) {
      if (account.changed) this.#messages.account(account);
    }
    await this.#store(this.#messages);
    const { letters } = this.#batch;
    const done = letters.filter((_, index) => this.#outcomes[index] !== "dead_letter");
    if (done.length > 0) await resolveLetters(this.#tx, done, "retried");
  }

  async #store(writes: Writes): Promise<void> {
    this.#rowsWritten += await store(this.#tx, writes);
  }
}

/** Whether the ledger says of a record what the verdict says. */
function stands(entry: Entry, verdict: Verdict): boolean {
  const { stored } = entry;
  return stored !== null && stored.state === verdict.state && stored.reason === verdict.reason &&
    stored.waitingFor === verdict.waitingFor &&
    (stored.loose ?? []).join("\n") === (verdict.loose ?? []).join("\n");
}

function* didsOf(events: readonly Event[]): Generator<string> {
  for (const event of events) {
    if (event.kind === "account" || event.kind === "identity" || event.kind === "sync") {
      yield event.did;
    }
  }
}

export type { CursorUpdate };
