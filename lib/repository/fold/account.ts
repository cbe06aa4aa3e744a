/** One account in the working set of a batch, and how events change it. */

import type { Account, Identity, Sync } from "../../decoder/event.ts";
import type { Outcome } from "../outcome.ts";

export interface AccountEntry {
  readonly did: string;
  handle: string | null;
  active: boolean;
  status: string | null;
  /** Where the newest account event stood: Unix microseconds, then the relay's sequence. 0: none. */
  accountTimeUs: number;
  accountSeq: number;
  identityTimeUs: number;
  identitySeq: number;
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
    accountTimeUs: 0,
    accountSeq: 0,
    identityTimeUs: 0,
    identitySeq: 0,
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
  const { timeUs } = event.position;
  const held = account.knownSinceUs !== null;
  const seen = account.accountTimeUs > 0;
  const same = account.active === event.active && account.status === event.status;
  if (seen) {
    // The relay's sequence is the same on every instance, so it tells a replay after a failover.
    const replay = event.relaySeq > 0 && event.relaySeq === account.accountSeq;
    if (same && (replay || timeUs === account.accountTimeUs)) return held ? "duplicate" : "ignored";
    const newest = { timeUs: account.accountTimeUs, relaySeq: account.accountSeq };
    if (isOlder(event, newest)) return held ? "stale" : "ignored";
  } else if (event.active && (account.knownSinceUs === null || timeUs < account.knownSinceUs)) {
    // Active is what everybody is. From the first record on only, or a replay would count more.
    return "ignored";
  }

  account.active = event.active;
  account.status = event.status;
  account.accountTimeUs = timeUs;
  account.accountSeq = event.relaySeq;
  if (!event.active && event.status === "deleted") purge(account, timeUs);
  account.changed = true;
  return held ? "applied" : "ignored";
}

/**
 * Instances stamp an event with clocks of their own. Within this time of each other, the relay's
 * sequence says which of two events was first; beyond it only time does, because instances may read
 * from different relays, whose sequences have nothing to do with each other.
 */
const CLOCK_SKEW_US = 60_000_000;

function isOlder(
  { position, relaySeq }: Account | Identity,
  newest: { readonly timeUs: number; readonly relaySeq: number },
): boolean {
  const apartUs = position.timeUs - newest.timeUs;
  const sequenced = relaySeq > 0 && newest.relaySeq > 0;
  if (sequenced && Math.abs(apartUs) <= CLOCK_SKEW_US) return relaySeq < newest.relaySeq;
  return apartUs < 0;
}

/** Applies an identity event: it gives the handle of an account of which records are held. */
export function applyIdentity(account: AccountEntry, event: Identity): Outcome {
  const { timeUs } = event.position;
  // Only from the first record on, or a replay would find more than the first delivery did.
  if (account.knownSinceUs === null || timeUs < account.knownSinceUs) return "ignored";
  const replay = event.relaySeq > 0 && event.relaySeq === account.identitySeq;
  if (account.identityTimeUs > 0) {
    if (replay || timeUs === account.identityTimeUs) return "duplicate";
    const newest = { timeUs: account.identityTimeUs, relaySeq: account.identitySeq };
    if (isOlder(event, newest)) return "stale";
  }
  if (event.handle !== undefined) account.handle = event.handle;
  account.identityTimeUs = timeUs;
  account.identitySeq = event.relaySeq;
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
