/** One account in the working set of a batch, and how events change it. */

import type { Account, Identity, Sync } from "../../decoder/event.ts";
import type { Outcome } from "../outcome.ts";

/** Position of an account or identity event. */
export interface MarkerPlace {
  /** Unix microseconds, by the clock of the instance that sent the event. */
  readonly timeUs: number;
  /** The instance's number for the event; null when unknown. */
  readonly cursor: number | null;
  /** The relay's sequence number; 0 when there is none. */
  readonly relaySeq: number;
  readonly source: string | null;
}

export interface AccountEntry {
  readonly did: string;
  handle: string | null;
  active: boolean;
  status: string | null;
  /** Position of the newest account event and of the newest identity event; null before the first. */
  accountAt: MarkerPlace | null;
  identityAt: MarkerPlace | null;
  /** Event time of the first stored record, Unix microseconds; null when none is stored. */
  knownSinceUs: number | null;
  /** Records up to this time are deleted for good; null when there is no such time. */
  purgedUntilUs: number | null;
  /** Whether the row in `accounts` has to be written. */
  changed: boolean;
}

/** An account that has no row: active, the default until an event says otherwise. */
export function unknownAccount(did: string): AccountEntry {
  return {
    did,
    handle: null,
    active: true,
    status: null,
    accountAt: null,
    identityAt: null,
    knownSinceUs: null,
    purgedUntilUs: null,
    changed: false,
  };
}

/** Notes that a record of the account is stored. */
export function noteRecord(account: AccountEntry, timeUs: number): void {
  if (account.knownSinceUs !== null && account.knownSinceUs <= timeUs) return;
  account.knownSinceUs = timeUs;
  account.changed = true;
}

/** The status of a deleted account. Any server on the way can claim it, so the source has to confirm it. */
export const GONE = "deleted";

/** Whether the account was reported as deleted and its source did not confirm that yet. */
export function isUnconfirmed({ active, status, accountAt, purgedUntilUs }: AccountEntry): boolean {
  if (active || status !== GONE || accountAt === null) return false;
  return purgedUntilUs === null || purgedUntilUs < accountAt.timeUs;
}

/** Whether its source alone called the account inactive: then its source can say otherwise, and nobody else will. */
export function isInactiveBySource({ active, accountAt }: AccountEntry): boolean {
  return !active && accountAt !== null && accountAt.source === null && accountAt.relaySeq === 0;
}

/**
 * Applies an account event. The network announces every account. One without stored records is kept only
 * while it is inactive, so that its records stay hidden if they arrive later.
 */
export function applyAccount(account: AccountEntry, event: Account): Outcome {
  const place = placeOf(event);
  if (event.confirmed !== undefined) return confirm(account, event.confirmed, place.timeUs);
  const { knownSinceUs, accountAt: newest } = account;
  const held = knownSinceUs !== null;
  const same = account.active === event.active && account.status === event.status;
  if (newest !== null) {
    if (same && isReplay(place, newest)) return held ? "duplicate" : "ignored";
    if (isOlder(place, newest)) return held ? "stale" : "ignored";
  } else if (event.active && (knownSinceUs === null || place.timeUs < knownSinceUs)) {
    // Active is the default. Before the first record, counting the event would make a replay count more.
    return "ignored";
  }

  account.active = event.active;
  account.status = event.status;
  account.accountAt = place;
  account.changed = true;
  return held ? "applied" : "ignored";
}

/** Removes what was published, unless a later event of the stream changed the account's status. */
function confirm(account: AccountEntry, deletedAtUs: number, untilUs: number): Outcome {
  if (!isUnconfirmed(account) || account.accountAt?.timeUs !== deletedAtUs) return "stale";
  purge(account, Math.max(deletedAtUs, untilUs));
  account.changed = true;
  return account.knownSinceUs === null ? "ignored" : "applied";
}

function placeOf({ position, relaySeq, source }: Account | Identity): MarkerPlace {
  const { cursor, timeUs } = position;
  return { timeUs, cursor, relaySeq, source: source ?? null };
}

/** The relay's number is the same on every instance, so it identifies a replay after a failover. */
function isReplay(place: MarkerPlace, newest: MarkerPlace): boolean {
  return place.timeUs === newest.timeUs ||
    (place.relaySeq > 0 && place.relaySeq === newest.relaySeq);
}

/**
 * Each instance stamps events with its own clock. When two times differ by less than this, the relay's
 * sequence decides which event was first. Beyond it only time decides, because instances may read from
 * different relays, whose sequences are unrelated.
 */
const CLOCK_SKEW_US = 60_000_000;

/** The clock of one instance is seldom set back by more. */
const CLOCK_STEP_US = 120_000_000;

/**
 * One instance sends an account's events in order, even when it changes its relay. An event of the same
 * instance is older only when both number and time say so: numbers can restart, and a clock can be set back.
 * Where the number is the time, the relay's sequence has to say so too.
 */
function isOlder(place: MarkerPlace, newest: MarkerPlace): boolean {
  const apartUs = place.timeUs - newest.timeUs;
  const sequenced = place.relaySeq > 0 && newest.relaySeq > 0;
  if (place.source !== null && place.source === newest.source) {
    const apart = (place.cursor ?? 0) - (newest.cursor ?? 0);
    const isNumberedByTime = place.cursor === place.timeUs;
    const isClockUnsure = isNumberedByTime && sequenced && Math.abs(apartUs) <= CLOCK_STEP_US;
    if (isClockUnsure && place.relaySeq > newest.relaySeq) return false;
    if (apart !== 0 || apartUs !== 0) return apart <= 0 && apartUs <= 0;
  } else if (!sequenced || Math.abs(apartUs) > CLOCK_SKEW_US) return apartUs < 0;
  return sequenced && place.relaySeq < newest.relaySeq;
}

/** Applies an identity event, which sets the handle of an account with stored records. */
export function applyIdentity(account: AccountEntry, event: Identity): Outcome {
  const place = placeOf(event);
  // Only from the first record on: otherwise a replay would apply events that the first delivery ignored.
  if (account.knownSinceUs === null || place.timeUs < account.knownSinceUs) return "ignored";
  if (account.identityAt !== null) {
    if (isReplay(place, account.identityAt)) return "duplicate";
    if (isOlder(place, account.identityAt)) return "stale";
  }
  if (event.handle !== undefined) account.handle = event.handle;
  account.identityAt = place;
  account.changed = true;
  return "applied";
}

/** Applies a sync event: all stored records of the repository become void. */
export function applySync(account: AccountEntry, event: Sync): Outcome {
  if (account.knownSinceUs === null || !event.recordsFollow) return "ignored";
  // The rows that replace the void ones come from the same upstream message and share its time.
  const untilUs = event.position.timeUs - 1;
  if (account.purgedUntilUs !== null && untilUs <= account.purgedUntilUs) {
    return untilUs === account.purgedUntilUs ? "duplicate" : "stale";
  }
  purge(account, untilUs);
  account.changed = true;
  return "applied";
}

function purge(account: AccountEntry, untilUs: number): void {
  account.purgedUntilUs = Math.max(account.purgedUntilUs ?? 0, untilUs);
}
