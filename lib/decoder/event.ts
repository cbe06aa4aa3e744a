/**
 * The decoder's output: events. Every frame of every protocol becomes one of these, even an invalid frame, so
 * that nothing is dropped without a count and a reason.
 */

import type { JsonObject } from "./json.ts";
import type { Reason } from "../reason.ts";

/** The position of an event in its stream. */
export interface Position {
  /**
   * Value for the `cursor` query parameter: a sequence number of the instance that issued it, or, from 10^15
   * on, Unix microseconds.
   */
  readonly cursor: number;
  /** When that instance saw the event, Unix microseconds. */
  readonly timeUs: number;
  /**
   * The mark of the event there, from `client/live/event_mark.ts`. The decoder leaves it out; absent means
   * unknown, and then the time may not be exact.
   */
  readonly mark?: string;
}

/** Why a record, or a whole message, was rejected. */
export interface Refusal {
  readonly reason: Reason;
  /** For a person: what was found, and where. Never a value that could be a place. */
  readonly detail: string;
}

/** One operation on one record. */
export interface Commit {
  readonly kind: "commit";
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  /** TID of the repository's revision; compares as bytes. */
  readonly rev: string;
  /** Create and update are treated alike: both mean "this is the record now". */
  readonly operation: "create" | "update" | "delete";
  readonly cid: string | null;
  /** The record, coarsened; null for a delete and for a refused record. */
  readonly record: JsonObject | null;
  /** Set when the commit's address is valid but its record is rejected. */
  readonly refusal: Refusal | null;
  /**
   * For the dead letter: what is left of a rejected record after coarsening. Null when nothing can be kept.
   */
  readonly remains: JsonObject | null;
  /** Approximate memory of the record; 0 without one. */
  readonly size: number;
  readonly position: Position;
}

/** A handle announced for a DID. */
export interface Identity {
  readonly kind: "identity";
  readonly did: string;
  /** Null when the value is not a valid handle; undefined when it is absent. */
  readonly handle: string | null | undefined;
  /** Sequence number of the upstream relay, the same on every Jetstream instance; 0 when absent. */
  readonly relaySeq: number;
  /** The instance that sent it, as `Endpoint.source`; absent when unknown. */
  readonly source?: string;
  readonly position: Position;
}

/** An account that became active or inactive. */
export interface Account {
  readonly kind: "account";
  readonly did: string;
  readonly active: boolean;
  /** `deleted`, `takendown`, … (an open set); null when absent or not storable. */
  readonly status: string | null;
  readonly relaySeq: number;
  /** As in `Identity`. */
  readonly source?: string;
  /**
   * Never of the stream: the deletion that was said at this time, Unix microseconds, holds. What was published
   * until the event's own time is removed then, and not before.
   */
  readonly confirmed?: number;
  readonly position: Position;
}

/** A repository was rebuilt: its stored records are void, replacements follow. */
export interface Sync {
  readonly kind: "sync";
  readonly did: string;
  readonly rev: string;
  /**
   * Whether the repository's records follow as creates. Jetstream v2 and its archive send them; a relay
   * doesn't, so there the stored records must be kept.
   */
  readonly recordsFollow: boolean;
  readonly position: Position;
}

/** A valid event that is not ours: a foreign collection, a notice, an unknown message type. */
export interface Foreign {
  readonly kind: "foreign";
  /** Its kind, for the metrics: `commit`, `info`, `unknown`. */
  readonly what: string;
  /** For a commit, its collection. Null otherwise. */
  readonly collection: string | null;
  readonly position: Position | null;
}

/** A message, or a part of one, that can't be decoded. */
export interface Malformed {
  readonly kind: "malformed";
  readonly refusal: Refusal;
  /** What is kept of it for a person: bounded, and with every place removed. */
  readonly excerpt: string;
  /** Lower-case hex SHA-256 of the raw message, so that a replay is recognised. */
  readonly fingerprint: string;
  /** For an identity, account or sync event: its DID, null when that is invalid. */
  readonly account?: string | null;
  /** Null when the message doesn't tell. */
  readonly position: Position | null;
}

/**
 * A notice of the server about the stream itself: why it closes it, or that it begins later than requested.
 */
export interface Notice {
  readonly kind: "notice";
  /** The server's code, like `ConsumerTooSlow`: letters and digits only. */
  readonly code: string;
  /** An explanation for a person, bounded and printable; null when absent. */
  readonly message: string | null;
}

export type Event = Commit | Identity | Account | Sync | Foreign | Malformed | Notice;
