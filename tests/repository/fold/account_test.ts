/** How events change an account, at the limits of time and order. */

import assert from "node:assert/strict";
import type { Account, Identity, Sync } from "../../../lib/decoder/event.ts";
import {
  type AccountEntry,
  applyAccount,
  applyIdentity,
  applySync,
  isUnconfirmed,
  unknownAccount,
} from "../../../lib/repository/fold/account.ts";

const DID = "did:plc:alice";
const NOON = 1_787_218_200_000_000;

/** An account with a record stored since noon. */
function held(changes: Partial<AccountEntry> = {}): AccountEntry {
  return { ...unknownAccount(DID), knownSinceUs: NOON, ...changes };
}

function account(timeUs: number, active: boolean, changes: Partial<Account> = {}): Account {
  const position = { cursor: timeUs, timeUs };
  return { kind: "account", did: DID, active, status: null, relaySeq: 0, position, ...changes };
}

function identity(timeUs: number, handle: string, changes: Partial<Identity> = {}): Identity {
  const position = { cursor: timeUs, timeUs };
  return { kind: "identity", did: DID, handle, relaySeq: 0, position, ...changes };
}

function sync(timeUs: number, recordsFollow = true): Sync {
  return { kind: "sync", did: DID, rev: "3m", recordsFollow, position: { cursor: 1, timeUs } };
}

Deno.test("a repeated event is a duplicate, an older one is stale, and neither changes anything", () => {
  const alice = held();
  assert.equal(applyAccount(alice, account(NOON + 2, false)), "applied");
  assert.equal(applyAccount(alice, account(NOON + 2, false)), "duplicate");
  assert.equal(applyAccount(alice, account(NOON + 1, true)), "stale");
  assert.equal(alice.active, false);
  assert.equal(applyAccount(alice, account(NOON + 3, true)), "applied");
  assert.equal(alice.active, true);
});

Deno.test("of an account without stored records only its inactivity is stored", () => {
  const stranger = unknownAccount(DID);
  assert.equal(applyAccount(stranger, account(NOON, true)), "ignored");
  assert.equal(stranger.changed, false);
  assert.equal(applyAccount(stranger, account(NOON, false)), "ignored");
  assert.deepEqual([stranger.active, stranger.changed], [false, true]);
});

Deno.test("within a minute the relay's order decides between two instances, beyond it the time does", () => {
  const minute = 60_000_000;
  for (const [apart, outcome] of [[minute, "applied"], [minute + 1, "stale"]] as const) {
    const alice = held();
    applyAccount(alice, account(NOON + 2 * minute, false, { relaySeq: 1, source: "a" }));
    const later = account(NOON + 2 * minute - apart, true, { relaySeq: 2, source: "b" });
    assert.equal(applyAccount(alice, later), outcome, `${apart}`);
  }
});

Deno.test("on one instance an event is older when number and time both say so", () => {
  const newest = account(NOON + 10, false, {
    source: "a",
    position: { cursor: 10, timeUs: NOON + 10 },
  });
  for (
    const [cursor, timeUs, outcome] of [[9, NOON + 9, "stale"], [11, NOON + 9, "applied"], [
      9,
      NOON + 11,
      "applied",
    ]] as const
  ) {
    const alice = held();
    applyAccount(alice, newest);
    const event = account(timeUs, true, { source: "a", position: { cursor, timeUs } });
    assert.equal(applyAccount(alice, event), outcome, `${cursor}`);
  }
});

Deno.test("on an instance that numbers by time the relay's order decides within two minutes, because its clock may be set back", () => {
  const step = 120_000_000;
  const at = (timeUs: number, relaySeq: number, active: boolean) =>
    account(timeUs, active, {
      relaySeq,
      source: "a",
      position: { cursor: timeUs, timeUs },
    });
  for (
    const [apart, relaySeq, outcome] of [
      [step, 12, "applied"],
      [step + 1, 12, "stale"],
      [1, 9, "stale"],
    ] as const
  ) {
    const alice = held();
    applyAccount(alice, at(NOON + 2 * step, 10, false));
    assert.equal(applyAccount(alice, at(NOON + 2 * step - apart, relaySeq, true)), outcome);
  }
});

Deno.test("a handle is stored from the first record on, and an absent one changes nothing", () => {
  const alice = held();
  assert.equal(applyIdentity(alice, identity(NOON - 1, "early.example")), "ignored");
  assert.equal(alice.handle, null);
  assert.equal(applyIdentity(alice, identity(NOON, "alice.example")), "applied");
  assert.equal(applyIdentity(alice, identity(NOON + 1, "", { handle: undefined })), "applied");
  assert.equal(alice.handle, "alice.example");
  assert.equal(applyIdentity(alice, identity(NOON + 2, "", { handle: null })), "applied");
  assert.equal(alice.handle, null);
});

Deno.test("an account's records are removed when its current deletion is confirmed, not before", () => {
  const confirmed = (timeUs: number) =>
    account(timeUs, false, { status: "deleted", confirmed: timeUs });
  const deleted = held();
  applyAccount(deleted, account(NOON + 5, false, { status: "deleted" }));
  assert.deepEqual([deleted.purgedUntilUs, isUnconfirmed(deleted)], [null, true]);
  for (const other of [NOON + 4, NOON + 6]) {
    assert.equal(applyAccount(deleted, confirmed(other)), "stale");
  }
  assert.equal(deleted.purgedUntilUs, null);
  assert.equal(applyAccount(deleted, confirmed(NOON + 5)), "applied");
  assert.deepEqual([deleted.purgedUntilUs, isUnconfirmed(deleted)], [NOON + 5, false]);
  assert.equal(applyAccount(deleted, confirmed(NOON + 5)), "stale");
  // It is no event of the stream, whose last event is still the deletion.
  assert.equal(applyAccount(deleted, account(NOON + 5, false, { status: "deleted" })), "duplicate");
});

Deno.test("a confirmed deletion removes all stored records, also those read at the source after it", () => {
  const alice = held();
  applyAccount(alice, account(NOON + 5, false, { status: "deleted" }));
  const event = account(NOON + 9, false, { status: "deleted", confirmed: NOON + 5 });
  assert.equal(applyAccount(alice, event), "applied");
  assert.equal(alice.purgedUntilUs, NOON + 9);
});

Deno.test("a deletion is confirmed only for an account that is deleted", () => {
  for (const [active, status] of [[false, "suspended"], [false, null], [true, null]] as const) {
    const alice = held();
    applyAccount(alice, account(NOON + 5, active, { status }));
    const event = account(NOON + 5, false, { status: "deleted", confirmed: NOON + 5 });
    assert.equal(applyAccount(alice, event), "stale", `${status}`);
    assert.deepEqual([alice.purgedUntilUs, isUnconfirmed(alice)], [null, false]);
  }
});

Deno.test("a rebuild voids earlier records, not those that come with it", () => {
  const alice = held();
  assert.equal(applySync(alice, sync(NOON + 5)), "applied");
  assert.equal(alice.purgedUntilUs, NOON + 4);
  assert.equal(applySync(alice, sync(NOON + 5)), "duplicate");
  assert.equal(applySync(alice, sync(NOON + 4)), "stale");
});

Deno.test("a rebuild without records, and one of an unknown account, void nothing", () => {
  const alice = held();
  assert.equal(applySync(alice, sync(NOON + 5, false)), "ignored");
  assert.equal(alice.purgedUntilUs, null);
  const stranger = unknownAccount(DID);
  assert.equal(applySync(stranger, sync(NOON + 5)), "ignored");
  assert.equal(stranger.purgedUntilUs, null);
});
