/** One account in the working set of a batch, and how events change it. */

import type { Account, Identity, Sync } from "../../decoder/event.ts";
import type { Outcome } from "../outcome.ts";

/** Where an account or identity event stood. */
export interface MarkerPlace {
  /** Unix microseconds, by the clock of the instance that sent it. */
  readonly timeUs: number;
  /** The number that the instance gave it; null when that is not known. */
  readonly cursor: number | null;
  /** The relay's number; 0 when it has none. */
  readonly relaySeq: number;
  readonly source: string | null;
}

export interface AccountEntry {
  readonly did: string;
  handle: string | null;
  active: boolean;
  status: string | null;
  /** Where the newest account event stood, and the newest identity event; null before the first. */
  accountAt: MarkerPlace | null;
  identityAt: MarkerPlace | null;
  /** Event time of the first record held, Unix microseconds; null when nothing is held. */
  knownSinceUs: number | null;
  /** Records up to here are deleted for good; null when none are. */
  purgedUntilUs: number | null;
  /** Whether the table has to be told. */
  changed: boolean;
}

/** An account that is not in the table: active, as everybody is until an event says otherwise. */
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

/** Notes that a record of the account is held. */
export function noteRecord(account: AccountEntry, timeUs: number): void {
  if (account.knownSinceUs !== null && account.knownSinceUs <= timeUs) return;
  account.knownSinceUs = timeUs;
  account.changed = true;
}

/**
 * Applies an account event. The network announces everybody's: an account that nothing is held of
 * is remembered only while inactive, so that its records stay hidden if they come after all.
 */
export function applyAccount(account: AccountEntry, event: Account): Outcome {
  const place = placeOf(event);
  const { knownSinceUs, accountAt: newest } = account;
  const held = knownSinceUs !== null;
  const same = account.active === event.active && account.status === event.status;
  if (newest !== null) {
    if (same && isReplay(place, newest)) return held ? "duplicate" : "ignored";
    if (isOlder(place, newest)) return held ? "stale" : "ignored";
  } else if (event.active && (knownSinceUs === null || place.timeUs < knownSinceUs)) {
    // Active is what everybody is. From the first record on only, or a replay would count more.
    return "ignored";
  }

  account.active = event.active;
  account.status = event.status;
  account.accountAt = place;
  if (!event.active && event.status === "deleted") purge(account, place.timeUs);
  account.changed = true;
  return held ? "applied" : "ignored";
}

function placeOf({ position, relaySeq, source }: Account | Identity): MarkerPlace {
  const { cursor, timeUs } = position;
  return { timeUs, cursor, relaySeq, source: source ?? null };
}

/** The relay's number is the same on every instance, so it tells a replay after a failover. */
function isReplay(place: MarkerPlace, newest: MarkerPlace): boolean {
  return place.timeUs === newest.timeUs ||
    (place.relaySeq > 0 && place.relaySeq === newest.relaySeq);
}

/**
 * Instances stamp an event with clocks of their own. Within this time of each other, the relay's
 * sequence says which of two events was first; beyond it only time does, because instances may read
 * from different relays, whose sequences have nothing to do with each other.
 */
const CLOCK_SKEW_US = 60_000_000;

/**
 * One instance sends an account's events in their order, whatever becomes of its relay. There an event is
 * older when number and time both say so: its numbers can begin anew, and its clock be set back.
 */
function isOlder(place: MarkerPlace, newest: MarkerPlace): boolean {
  const apartUs = place.timeUs - newest.timeUs;
  const sequenced = place.relaySeq > 0 && newest.relaySeq > 0;
  if (place.source !== null && place.source === newest.source) {
    const apart = (place.cursor ?? 0) - (newest.cursor ?? 0);
    if (apart !== 0 || apartUs !== 0) return apart <= 0 && apartUs <= 0;
  } else if (!sequenced || Math.abs(apartUs) > CLOCK_SKEW_US) return apartUs < 0;
  return sequenced && place.relaySeq < newest.relaySeq;
}

/** Applies an identity event: it gives the handle of an account of which records are held. */
export function applyIdentity(account: AccountEntry, event: Identity): Outcome {
  const place = placeOf(event);
  // Only from the first record on, or a replay would find more than the first delivery did.
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

/** Applies a sync event: everything that was known of the repository is void. */
export function applySync(account: AccountEntry, event: Sync): Outcome {
  if (account.knownSinceUs === null || !event.recordsFollow) return "ignored";
  // The rows that replace what was known come from the same upstream message, and share its time.
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
