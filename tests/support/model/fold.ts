/**
 * The model: what the tables must contain after a sequence of deliveries, and how each must be counted.
 * It keeps only what was delivered and derives everything else at each query.
 */

import { Accounts } from "./accounts.ts";
import { ALLIANCE, MEMBERSHIP, TABLE_OF, uriOf } from "./address.ts";
import { type Mapped, mapRecord } from "./collections.ts";
import type { Reference } from "./fields.ts";
import { type CommitFrame, readFrame, type SyncFrame } from "./frame.ts";
import { idempotencyKeyOf, rowIdOf } from "./identifier.ts";
import { readMoment, writeMoment } from "./moment.ts";
import type { DeadLetter, LedgerRow, Row, Tables, Value } from "./tables.ts";

export type Outcome = "applied" | "duplicate" | "stale" | "waiting" | "dead_letter" | "ignored";

/** The newest revision of a record that was delivered, and when its content was first made. */
interface Entry {
  readonly commit: CommitFrame;
  readonly mapped: Mapped | null;
  readonly createdUs: bigint;
  /** Whether its repository was rebuilt and it has not arrived again since. */
  readonly isVoid?: true;
}

/** The current state of a record. */
interface Verdict {
  readonly state: string;
  readonly reasons: readonly string[];
  /** Every reference that does not resolve. */
  readonly waitingFor: readonly string[];
  /** Parents by column; only for an applied record. */
  readonly parents: ReadonlyMap<string, string>;
}

export class Model {
  readonly #entries = new Map<string, Entry>();
  readonly #accounts = new Accounts();
  /** Frames that can't be decoded, as they came, with the reasons that fit. */
  readonly #malformed = new Map<string, readonly string[]>();

  /** Handles one delivery of a frame, as text or as parsed JSON, and returns how it must be counted. */
  deliver(delivery: unknown): Outcome {
    const frame = readFrame(delivery);
    if (frame.kind === "foreign") return "ignored";
    if (frame.kind === "account") return this.#accounts.onAccount(frame);
    if (frame.kind === "identity") return this.#accounts.onIdentity(frame);
    if (frame.kind === "commit") return this.#onCommit(frame);
    if (frame.kind === "sync") return this.#onSync(frame);
    const { account, timeUs = null } = frame;
    if (account === null || (account && !this.#accounts.isHeld(account, timeUs))) return "ignored";
    const text = typeof delivery === "string" ? delivery : JSON.stringify(delivery);
    if (this.#malformed.has(text)) return "duplicate";
    this.#malformed.set(text, frame.reasons);
    return "dead_letter";
  }

  /** Accounts of records that the stream says are deleted. */
  deletedAccounts(): string[] {
    const dids = new Set([...this.#entries.values()].map(({ commit }) => commit.did));
    return [...dids].filter((did) => this.#accounts.deletedAt(did) !== null);
  }

  /** The source of such an account confirms the deletion. */
  confirmDeletion(did: string): void {
    const held = [...this.#entries.values()].filter(({ commit }) => commit.did === did);
    this.#accounts.confirm(did, Math.max(...held.map(({ commit }) => commit.timeUs)));
  }

  #onCommit(commit: CommitFrame): Outcome {
    this.#accounts.onRecord(commit.did, commit.timeUs);
    const uri = uriOf(commit.did, commit.collection, commit.rkey);
    const before = this.#entries.get(uri);
    // A void record counts as having no revision: any later one is newer.
    if (before?.isVoid && commit.timeUs <= this.#accounts.purgedUntil(commit.did)) return "stale";
    const made = madeUs(commit);
    const createdUs = before !== undefined && before.createdUs < made ? before.createdUs : made;
    if (before !== undefined && !before.isVoid && commit.rev <= before.commit.rev) {
      if (commit.rev === before.commit.rev) return "duplicate";
      // A late older revision can make the creation time earlier.
      this.#entries.set(uri, { ...before, createdUs });
      return "stale";
    }
    const mapped = commit.record === null
      ? null
      : mapRecord(commit.collection, commit.record, { did: commit.did });
    const entry = { commit, mapped, createdUs };
    this.#entries.set(uri, entry);
    const { state } = this.#verdict(entry);
    return state === "waiting" ? "waiting" : state === "rejected" ? "dead_letter" : "applied";
  }

  #onSync(frame: SyncFrame): Outcome {
    const held = [...this.#entries].filter(([, { commit }]) =>
      commit.did === frame.did && commit.timeUs < frame.timeUs
    );
    const there = held.filter(([, entry]) => this.#verdict(entry).state !== "deleted");
    const outcome = this.#accounts.onSync(frame);
    if (outcome === "applied") {
      for (const [uri, entry] of there) this.#entries.set(uri, { ...entry, isVoid: true });
    }
    return outcome;
  }

  /** The state of a record: a function of the records and accounts as they are now. */
  #verdict({ commit, mapped }: Entry): Verdict {
    if (commit.deletes || commit.timeUs <= this.#accounts.purgedUntil(commit.did)) {
      return plain("deleted");
    }
    const problems = [...commit.refusals, ...mapped?.problems ?? []];
    if (problems.length > 0) return plain("rejected", problems);
    if (this.#accounts.isSuppressed(commit.did)) return plain("suppressed");
    if (mapped === null) return plain("unmapped");
    const named = mapped.references.map((reference) => this.#nameOf(commit.did, reference));
    if (commit.collection === ALLIANCE && named[0] === named[1]) {
      return plain("rejected", ["self_alliance"]);
    }
    const parents = new Map<string, string>();
    const unresolved: { reason: string; waitingFor: string }[] = [];
    for (const reference of mapped.references) {
      // A reference to another owner's record, where the author's own is required, is never valid.
      const { owned, written } = reference;
      if (owned && written.form === "uri" && !written.uri.startsWith(`at://${commit.did}/`)) {
        return plain("rejected", ["not_scene_owner"]);
      }
      const found = this.#resolve(commit.did, reference);
      if (found.uri === null) {
        unresolved.push(found);
        continue;
      }
      const isOwn = this.#entries.get(found.uri)?.commit.did === commit.did;
      if (owned && !isOwn && unresolved.length === 0) {
        return plain("rejected", ["not_scene_owner"]);
      }
      parents.set(reference.column, found.uri);
    }
    const member = memberOf(mapped);
    if (commit.collection === MEMBERSHIP && member !== commit.did) {
      const scene = unresolved.length === 0 ? parents.get("scene_id") : undefined;
      if (this.#hasEverRequested(member) && !this.#hasRequested(member, scene)) {
        return { ...plain("waiting", ["parent_missing"]), waitingFor: [`${MEMBERSHIP}/${member}`] };
      }
    }
    if (unresolved.length > 0) {
      const reasons = unresolved.map(({ reason }) => reason);
      return { ...plain("waiting", reasons), waitingFor: unresolved.map((one) => one.waitingFor) };
    }
    return { state: "applied", reasons: [], waitingFor: [], parents };
  }

  /** Whether a member's own repository has a current request for this scene. */
  #hasRequested(member: Value | undefined, scene: string | undefined): boolean {
    return scene !== undefined && [...this.#entries.values()].some((entry) => {
      const { commit, mapped } = entry;
      if (commit.collection !== MEMBERSHIP || commit.did !== member) return false;
      if (mapped === null || memberOf(mapped) !== member) return false;
      return this.#verdict(entry).parents.get("scene_id") === scene;
    });
  }

  /** Whether a member's repository has, or had, any membership record. */
  #hasEverRequested(member: Value | undefined): boolean {
    return [...this.#entries.values()].some(({ commit }) =>
      commit.collection === MEMBERSHIP && commit.did === member
    );
  }

  /** What a reference names, live or not: a record, or a bare name that the author never had. */
  #nameOf(author: string, { target, written }: Reference): string {
    if (written.form === "uri") return written.uri;
    const own = uriOf(author, target, written.rkey);
    return this.#entries.has(own) ? own : `${target}/${written.rkey}`;
  }

  #resolve(author: string, { target, written }: Reference): Resolved {
    if (written.form === "uri") return this.#onlyIfLive(written.uri);
    const own = uriOf(author, target, written.rkey);
    if (this.#entries.has(own)) return this.#onlyIfLive(own);
    const live = [...this.#entries].filter(([, entry]) =>
      entry.commit.collection === target && entry.commit.rkey === written.rkey &&
      this.#verdict(entry).state === "applied"
    );
    const [first] = live;
    if (first !== undefined && live.length === 1) return { uri: first[0] };
    const reason = live.length === 0 ? "parent_missing" : "ambiguous_reference";
    return { uri: null, reason, waitingFor: `${target}/${written.rkey}` };
  }

  #onlyIfLive(uri: string): Resolved {
    const entry = this.#entries.get(uri);
    const isLive = entry !== undefined && this.#verdict(entry).state === "applied";
    return isLive ? { uri } : { uri: null, reason: "parent_missing", waitingFor: uri };
  }

  /** Derives every table from what was delivered. */
  tables(): Tables {
    const products = new Map<string, Map<string, Row>>();
    for (const table of TABLE_OF.values()) products.set(table, new Map());
    const ledger = new Map<string, LedgerRow>();
    const deadLetters: DeadLetter[] = [];
    for (const [uri, entry] of this.#entries) {
      const { state, reasons, waitingFor, parents } = this.#verdict(entry);
      const { collection } = entry.commit;
      const rev = entry.isVoid ? "" : entry.commit.rev;
      const idempotencyKey = idempotencyKeyOf(entry.commit);
      ledger.set(uri, { rev, idempotencyKey, state, reasons, waitingFor });
      if (state === "rejected") deadLetters.push({ uri, rev, reasons });
      const table = TABLE_OF.get(collection);
      if (state === "applied" && table !== undefined) {
        products.get(table)?.set(uri, rowOf(entry, parents));
      }
    }
    this.#leaveWhatIsInForce(products.get("memberships") ?? new Map());
    for (const reasons of this.#malformed.values()) {
      deadLetters.push({ uri: null, rev: null, reasons });
    }
    return { products, ledger, accounts: this.#accounts.rows(), deadLetters };
  }

  /** Removes every membership that another has precedence over. */
  #leaveWhatIsInForce(memberships: Map<string, Row>): void {
    const all = [...memberships];
    for (const [uri, row] of all) {
      const outranked = all.some(([other, rival]) => {
        const isSamePair = rival.get("scene_id") === row.get("scene_id") &&
          rival.get("user_did") === row.get("user_did");
        return isSamePair && this.#goesBefore(other, rival, uri, row);
      });
      if (outranked) memberships.delete(uri);
    }
  }

  /** An owner's decision has precedence over a request; of two of a kind, the newest has. */
  #goesBefore(one: string, oneRow: Row, other: string, otherRow: Row): boolean {
    const [a, b] = [this.#entries.get(one)?.commit, this.#entries.get(other)?.commit];
    if (a === undefined || b === undefined) return false;
    const [aDecides, bDecides] = [
      a.did !== oneRow.get("user_did"),
      b.did !== otherRow.get("user_did"),
    ];
    if (aDecides !== bDecides) return aDecides;
    return a.rev === b.rev ? a.rkey > b.rkey : a.rev > b.rev;
  }

  /** Newest revisions whose record may be kept with its exact place: see `privacy.ts`. */
  consenting(): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
    const kept = new Map<string, ReadonlyMap<string, unknown>>();
    for (const [uri, entry] of this.#entries) {
      const { record } = entry.commit;
      if (record !== null && this.#verdict(entry).state !== "deleted") kept.set(uri, record);
    }
    return kept;
  }
}

/** The account that a membership is about. */
function memberOf({ columns }: Mapped): Value | undefined {
  return columns.find(([name]) => name === "user_did")?.[1];
}

type Resolved =
  | { readonly uri: string }
  | { readonly uri: null; readonly reason: string; readonly waitingFor: string };

function plain(state: string, reasons: readonly string[] = []): Verdict {
  return { state, reasons, waitingFor: [], parents: new Map() };
}

/** `createdAt` where it is a time and not after the event, else the event's own time. */
function madeUs({ record, timeUs, refusals }: CommitFrame): bigint {
  // No field of a rejected record is read.
  const written = refusals.length > 0 ? undefined : record?.get("createdAt");
  const moment = typeof written === "string" ? readMoment(written) : null;
  return moment !== null && moment <= BigInt(timeUs) ? moment : BigInt(timeUs);
}

const PARENT_COLUMNS: ReadonlyMap<string, readonly string[]> = new Map([
  ["events", ["scene_id"]],
  ["posts", ["scene_id", "event_id"]],
  ["alliances", ["from_scene_id", "to_scene_id"]],
  ["memberships", ["scene_id"]],
  ["stream_sessions", ["scene_id", "event_id"]],
]);

function rowOf({ commit, mapped, createdUs }: Entry, parents: ReadonlyMap<string, string>): Row {
  const row = new Map<string, Value>(mapped?.columns ?? []);
  const table = TABLE_OF.get(commit.collection) ?? "";
  for (const column of PARENT_COLUMNS.get(table) ?? []) {
    row.set(column, parents.get(column) ?? null);
  }
  row.set("id", rowIdOf(commit));
  row.set("record_rev", commit.rev);
  row.set("created_at", writeMoment(createdUs));
  for (const column of ["since", "started_at"]) {
    if (row.get(column) === null) row.set(column, writeMoment(createdUs));
  }
  row.set("updated_at", writeMoment(BigInt(commit.timeUs)));
  return row;
}
