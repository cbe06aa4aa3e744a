/** Counts since the start of the process, for the counters of `/metrics`. */

import { ARCHIVE_NOTICES } from "../../client/archive/replay_observer.ts";
import { NOTICES } from "../../client/live/stream_observer.ts";
import { REASONS } from "../../reason.ts";
import { type Outcome, type OutcomeCounts, OUTCOMES } from "../../repository/outcome.ts";
import { sqlStateClass } from "../../sqlstate_table.ts";

/** Numbers by a label. */
export type Tally = Map<string, number>;

export interface Counts {
  messagesTaken: number;
  receivedBytes: number;
  /** Undecodable messages, and rejected records. */
  errors: number;
  upserts: number;
  trustRecomputations: number;
  pauses: number;
  resumes: number;
  failedAttempts: number;
  reconnections: number;
  failedWrites: number;
  /** Committed events by collection, as `countEvents` labels it. */
  readonly events: Map<string, Record<Outcome, number>>;
  /** By reason. */
  readonly deadLetters: Tally;
  /** By the class of the SQLSTATE. */
  readonly commitFailures: Tally;
  /** By code. */
  readonly notices: Tally;
  /** By result. */
  readonly reconciles: Tally;
  /** By change. */
  readonly differences: Tally;
}

/** Labels of events without a collection of ours. No NSID is one of them: an NSID has dots. */
const OTHER_EVENTS = ["unmapped", "foreign", "none"];

/** Labels exist from the start: a rate over one that appears later misses its first event. */
export function countsAtStart(collections: readonly string[]): Counts {
  return {
    messagesTaken: 0,
    receivedBytes: 0,
    errors: 0,
    upserts: 0,
    trustRecomputations: 0,
    pauses: 0,
    resumes: 0,
    failedAttempts: 0,
    reconnections: 0,
    failedWrites: 0,
    events: new Map([...collections, ...OTHER_EVENTS].map((label) => [label, noOutcomes()])),
    deadLetters: tallyOf(REASONS),
    commitFailures: tallyOf([sqlStateClass(null)]),
    notices: tallyOf([...NOTICES, ...ARCHIVE_NOTICES]),
    reconciles: new Map(),
    differences: new Map(),
  };
}

function tallyOf(labels: readonly string[]): Tally {
  return new Map(labels.map((label) => [label, 0]));
}

export function add(tally: Tally, label: string, count = 1): void {
  tally.set(label, (tally.get(label) ?? 0) + count);
}

/** Counts unknown labels as `other`: nothing from the wire becomes a label. */
export function addKnown(tally: Tally, label: string): void {
  add(tally, tally.has(label) ? label : "other");
}

/** Anybody can publish a collection of any name, so only known names are labels. */
export function countEvents(
  { events }: Counts,
  collection: string | null,
  outcome: Outcome,
  count: number,
): void {
  const label = collection === null
    ? "none"
    : events.has(collection)
    ? collection
    : outcome === "ignored"
    ? "foreign"
    : "unmapped";
  const outcomes = events.get(label);
  if (outcomes !== undefined) outcomes[outcome] += count;
}

export function noOutcomes(): Record<Outcome, number> {
  return { applied: 0, duplicate: 0, stale: 0, waiting: 0, dead_letter: 0, ignored: 0 };
}

/** Committed events since the start. */
export function outcomeTotals({ events }: Counts): OutcomeCounts {
  const totals = noOutcomes();
  for (const outcomes of events.values()) {
    for (const outcome of OUTCOMES) totals[outcome] += outcomes[outcome];
  }
  return totals;
}
