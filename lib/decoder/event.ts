/**
 * What the decoder makes of the wire: events. Every frame of every protocol ends as one of these,
 * also a frame that makes no sense, so that nothing is dropped without a count and a reason.
 */

import type { JsonObject } from "./json.ts";
import type { Reason } from "../reason.ts";

/** Where an event stands in its stream. */
export interface Position {
  /**
   * Value for the `cursor` query parameter: a sequence number of the instance that issued it, or,
   * from 10^15 on, Unix microseconds.
   */
  readonly cursor: number;
  /** When that instance saw the event, Unix microseconds. */
  readonly timeUs: number;
  /**
   * What the instance sent there, as `client/mark.ts` tells it. The decoder leaves it out; absent means not
   * known, and then the time may not be exact.
   */
  readonly mark?: string;
}

/** Why a record, or a whole message, could not be taken. */
export interface Refusal {
  readonly reason: Reason;
  /** For a person: what was found where. Never a value that could be a place. */
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
  /** Create and update are told apart by no one: both mean "this is the record now". */
  readonly operation: "create" | "update" | "delete";
  readonly cid: string | null;
  /** The record, coarsened; null for a delete and for a refused record. */
  readonly record: JsonObject | null;
  /** Set when the commit is addressed well but its record can't be taken. */
  readonly refusal: Refusal | null;
  /**
   * For the dead letter: what is left of a refused record once it is coarsened. Null when there is
   * nothing that can be kept.
   */
  readonly remains: JsonObject | null;
  /** Bytes of memory that the record takes, or about so; 0 without one. */
  readonly size: number;
  readonly position: Position;
}

/** A handle announced for a DID. */
export interface Identity {
  readonly kind: "identity";
  readonly did: string;
  /** Null when it says what is no handle; undefined when it does not say. */
  readonly handle: string | null | undefined;
  /** Sequence number of the upstream relay, the same on every Jetstream instance; 0 when absent. */
  readonly relaySeq: number;
  /** The instance that sent it, as `Endpoint.source`; absent when that is not known. */
  readonly source?: string;
  readonly position: Position;
}

/** An account that became active or inactive. */
export interface Account {
  readonly kind: "account";
  readonly did: string;
  readonly active: boolean;
  /** `deleted`, `takendown`, … (an open set); null when absent, and when it can't be kept. */
  readonly status: string | null;
  readonly relaySeq: number;
  /** As of `Identity`. */
  readonly source?: string;
  readonly position: Position;
}

/** A repository that was rebuilt: what was known of it is void, replacements follow. */
export interface Sync {
  readonly kind: "sync";
  readonly did: string;
  readonly rev: string;
  /**
   * Whether the repository's records come again, as creates, after this. Jetstream v2 and its archive
   * send them; a relay doesn't, so there what is known must be kept.
   */
  readonly recordsFollow: boolean;
  readonly position: Position;
}

/** Something well-formed that is not ours: a foreign collection, a notice, an unknown message type. */
export interface Foreign {
  readonly kind: "foreign";
  /** What it was, for the metrics: `commit`, `info`, `unknown`. */
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
  /** Of an identity, account or sync event: its DID, null when that can't be used. */
  readonly account?: string | null;
  /** Null when the message doesn't tell. */
  readonly position: Position | null;
}

/** What the server says about the stream itself: why it ends it, or that it began later than asked. */
export interface Notice {
  readonly kind: "notice";
  /** The server's code, like `ConsumerTooSlow`: letters and digits only. */
  readonly code: string;
  /** What it adds for a person, bounded and printable; null when it adds nothing. */
  readonly message: string | null;
}

export type Event = Commit | Identity | Account | Sync | Foreign | Malformed | Notice;
