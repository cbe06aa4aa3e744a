/** Accounts and handles of the model: which are active, what was purged, and their handles. */

import type { AccountFrame, IdentityFrame, SyncFrame } from "./frame.ts";
import type { Outcome } from "./fold.ts";
import type { AccountRow } from "./tables.ts";

export class Accounts {
  /** The newest account event of each DID that is remembered. */
  readonly #account = new Map<string, AccountFrame>();
  /** The newest identity event of each DID that is remembered, and the newest handle it gave. */
  readonly #identity = new Map<string, { newest: IdentityFrame; handle: string | null }>();
  /** Until when the records of a DID are deleted, by its newest confirmed deletion or rebuild. */
  readonly #purged = new Map<string, number>();
  /** Time of the earliest commit of each DID that has any. */
  readonly #firstRecord = new Map<string, number>();

  onRecord(did: string, timeUs: number): void {
    this.#firstRecord.set(did, Math.min(timeUs, this.#firstRecord.get(did) ?? timeUs));
  }

  onAccount(frame: AccountFrame): Outcome {
    const { did, active, status, timeUs } = frame;
    const outcome = (held: Outcome): Outcome => this.#firstRecord.has(did) ? held : "ignored";
    const before = this.#account.get(did);
    if (before === undefined) {
      // Active is the default. An account event from before the first record would be stored by
      // a replay only, so it never is.
      if (active && !this.#isSinceFirstRecord(did, timeUs)) return "ignored";
    } else {
      const same = before.active === active && before.status === status;
      if (same && isSameEvent(frame, before)) return outcome("duplicate");
      if (!isNewer(frame, before)) return outcome("stale");
    }
    this.#account.set(did, frame);
    return outcome("applied");
  }

  /** When an account was deleted, if its newest event says so. */
  deletedAt(did: string): number | null {
    const newest = this.#account.get(did);
    return newest?.active === false && newest.status === "deleted" ? newest.timeUs : null;
  }

  /** The source confirms the deletion: all records until then are removed. */
  confirm(did: string, heldUntil: number): void {
    const deletedAt = this.deletedAt(did);
    if (deletedAt === null || this.purgedUntil(did) >= deletedAt) return;
    this.#purged.set(did, Math.max(deletedAt, heldUntil));
  }

  onIdentity(frame: IdentityFrame): Outcome {
    const { did, timeUs } = frame;
    if (!this.#isSinceFirstRecord(did, timeUs)) return "ignored";
    const before = this.#identity.get(did);
    if (before !== undefined) {
      const { newest } = before;
      if (newest.handle === frame.handle && isSameEvent(frame, newest)) return "duplicate";
      if (!isNewer(frame, newest)) return "stale";
    }
    // An event without a handle says that it didn't change.
    const handle = frame.handle === undefined ? before?.handle ?? null : frame.handle;
    this.#identity.set(did, { newest: frame, handle });
    return "applied";
  }

  /** A rebuild, which counts from just before its own time: what follows has the same. */
  onSync({ did, timeUs }: SyncFrame): Outcome {
    if (!this.#firstRecord.has(did)) return "ignored";
    const [until, before] = [timeUs - 1, this.purgedUntil(did)];
    if (until <= before) return until === before ? "duplicate" : "stale";
    this.#purged.set(did, until);
    return "applied";
  }

  /** Whether records are held of the DID, and were at that time, where there is one. */
  isHeld(did: string, timeUs: number | null): boolean {
    return timeUs === null ? this.#firstRecord.has(did) : this.#isSinceFirstRecord(did, timeUs);
  }

  isSuppressed(did: string): boolean {
    return this.#account.get(did)?.active === false;
  }

  /** Records of the DID with this event time or an earlier one are gone for good. */
  purgedUntil(did: string): number {
    return this.#purged.get(did) ?? 0;
  }

  rows(): Map<string, AccountRow> {
    const rows = new Map<string, AccountRow>();
    for (const did of new Set([...this.#account.keys(), ...this.#identity.keys()])) {
      const account = this.#account.get(did);
      rows.set(did, {
        handle: this.#identity.get(did)?.handle ?? null,
        active: account?.active ?? true,
        status: account?.status ?? null,
      });
    }
    return rows;
  }

  #isSinceFirstRecord(did: string, timeUs: number): boolean {
    const first = this.#firstRecord.get(did);
    return first !== undefined && timeUs >= first;
  }
}

type Marker = AccountFrame | IdentityFrame;

function isSameEvent(frame: Marker, before: Marker): boolean {
  if (frame.relaySeq !== 0) return frame.relaySeq === before.relaySeq;
  return before.relaySeq === 0 && frame.timeUs === before.timeUs;
}

/**
 * The relay's sequence is the same on every instance; their clocks are not. So a replay by another
 * instance never makes an old account event new.
 */
function isNewer(frame: Marker, before: Marker): boolean {
  if (frame.relaySeq !== 0 && before.relaySeq !== 0) return frame.relaySeq > before.relaySeq;
  return frame.timeUs > before.timeUs;
}
