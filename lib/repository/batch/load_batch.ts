/** Loads all that folding a batch needs. The queries are sent together, with those that begin the transaction. */

import type { Commit, Event } from "../../decoder/event.ts";
import { keyOf, type Mentions } from "../../mapper/link.ts";
import type { TransactionSql } from "../connection/sql.ts";
import type { Batch } from "../fold/batch.ts";
import { BatchReferences } from "../fold/batch_references.ts";
import type { ChildrenAhead } from "../fold/children_ahead.ts";
import type { Entry } from "../fold/entry.ts";
import { isNews } from "../fold/fold_commit.ts";
import type { FoldOutput } from "../fold/fold_output.ts";
import type { Loader } from "../fold/loader.ts";
import type { State } from "../fold/state.ts";
import type { RecordRow } from "../fold/stored_rows.ts";
import type { TransactionOptions } from "../fold/transaction_options.ts";
import type { WorkingSet } from "../fold/working_set.ts";
import { owns } from "../partitions/partition.ts";
import type { UndecodableMessages } from "./undecodable.ts";
import type { WaitingLimit } from "./waiting_limit.ts";

/** The batch, and what is filled for it. */
export interface Loading {
  readonly tx: TransactionSql;
  readonly batch: Batch;
  readonly options: TransactionOptions;
  /** Records in this state accept their newest revision again; null: no records. */
  readonly again: State | null;
  readonly workingSet: WorkingSet;
  readonly loader: Loader;
  readonly children: ChildrenAhead;
  readonly output: FoldOutput;
  readonly undecodable: UndecodableMessages;
  readonly waiting: WaitingLimit;
}

export async function loadBatch(loading: Loading): Promise<void> {
  const { tx, batch: { events }, options: { mapper }, loader, children } = loading;
  const commits = events.filter((event) => event.kind === "commit");
  const accounts = events.filter((event) => event.kind === "account");
  const news = await newsOf(commits, loading);
  const mentions = news.map((commit) => mapper.mentions(commit));
  const [, mentioned, ahead, rows] = await Promise.all([
    // First, so that one query has the accounts of all records that the other queries are about.
    loader.accounts(didsOf(events, mentions)),
    // Before the states: records that others mention are loaded with their content.
    loader.mentioned(mentions),
    loader.repositories(accounts.map(({ did }) => did)),
    children.ask(news),
    loader.loadStates(commits),
    loading.undecodable.load(tx, events),
  ]);
  loading.output.loadedAhead(ahead?.keys ?? null);
  const named = new BatchReferences(mapper, events, mentions);
  const concerned = loader.concerned(mentioned, named);
  await Promise.all([
    loader.follow([...concerned, ...ahead?.referring ?? []], named),
    loadChildren(rows, named, loading),
    loading.waiting.count(lacking(news, mentions, loading)),
  ]);
}

/**
 * The commits whose references and children must be loaded. When duplicates are expected, their states are read
 * first, which costs a round trip and saves all other queries. An account or sync event can make a stored
 * revision valid again, so a batch with one is loaded as a whole.
 */
async function newsOf(commits: readonly Commit[], loading: Loading): Promise<readonly Commit[]> {
  const { batch, options, again, workingSet, loader } = loading;
  const isPlain = batch.events.every(({ kind }) => kind !== "account" && kind !== "sync");
  if (!options.expectsDuplicates || !isPlain) return commits;
  await loader.loadStates(commits);
  return commits.filter((commit) => isNews(commit, workingSet.entry(commit), again));
}

/** Loads the children that this partition owns; others are told by notes. */
async function loadChildren(
  rows: readonly RecordRow[],
  named: BatchReferences,
  { options: { share }, loader, children }: Loading,
): Promise<void> {
  const own = rows.filter(({ did }) => owns(share, did));
  await loader.load(own, own, named);
  children.loaded(own);
}

/** Authors of new revisions whose parents neither exist nor come earlier in this batch. */
function lacking(
  commits: readonly Commit[],
  mentions: readonly Mentions[],
  { again, workingSet }: Loading,
): Set<string> {
  const authors = new Set<string>();
  const coming = new Set<Entry>();
  for (const [index, commit] of commits.entries()) {
    const entry = workingSet.entry(commit);
    if (!isNews(commit, entry, again)) continue;
    const isLacking = mentions[index]!.links.some((link) =>
      workingSet.candidates(commit.did, link).length !== 1 &&
      !coming.has(workingSet.entry(keyOf(commit.did, link)))
    );
    if (isLacking) authors.add(commit.did);
    if (isLacking || commit.operation === "delete") coming.delete(entry);
    else coming.add(entry);
  }
  return authors;
}

/** The accounts of the events, and of the records that they refer to. */
function* didsOf(events: readonly Event[], mentions: readonly Mentions[]): Generator<string> {
  for (const event of events) {
    if (event.kind === "malformed") {
      if (event.account) yield event.account;
    } else if (event.kind !== "foreign" && event.kind !== "notice") {
      yield event.did;
    }
  }
  for (const { author, links } of mentions) {
    for (const link of links) yield keyOf(author, link).did;
  }
}
