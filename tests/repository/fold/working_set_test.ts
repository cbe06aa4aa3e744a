/** What a bare reference means, in the working set alone. */

import assert from "node:assert/strict";
import type { Link } from "../../../lib/mapper/link.ts";
import type { Entry } from "../../../lib/repository/fold/entry.ts";
import type { State } from "../../../lib/repository/fold/state.ts";
import { WorkingSet } from "../../../lib/repository/fold/working_set.ts";

const SCENE = "app.subcult.scene";
const [ALICE, BOB, CAROL] = ["did:plc:alice", "did:plc:bob", "did:plc:carol"] as const;

const LINK: Link = {
  reference: { field: "sceneId", column: "scene_id", target: SCENE, owned: false },
  target: "s1",
};

/** The scenes s1 of some accounts, as the ledger has them. */
function workingSetOf(states: Readonly<Record<string, State>>): WorkingSet {
  const workingSet = new WorkingSet(new Set());
  for (const [did, state] of Object.entries(states)) {
    const entry: Entry = workingSet.entry({ did, collection: SCENE, rkey: "s1" });
    entry.rev = "3m";
    entry.stored = { state, reason: null, waitingFor: null, loose: null };
  }
  return workingSet;
}

function meant(states: Readonly<Record<string, State>>): string[] {
  return workingSetOf(states).candidates(ALICE, LINK).map(({ key }) => key.did);
}

Deno.test("a bare reference means the author's own record, and none when that is deleted, whoever else has one", () => {
  assert.deepEqual(meant({ [ALICE]: "applied", [BOB]: "applied" }), [ALICE]);
  for (const state of ["deleted", "rejected", "waiting", "suppressed"] as const) {
    const found = meant({ [ALICE]: state, [BOB]: "applied" });
    assert.deepEqual(found, state === "suppressed" ? [ALICE] : [], state);
  }
});

Deno.test("otherwise it means the live records with that rkey: one is clear, two are ambiguous", () => {
  assert.deepEqual(meant({ [BOB]: "applied" }), [BOB]);
  assert.deepEqual(meant({ [BOB]: "applied", [CAROL]: "deleted" }), [BOB]);
  assert.deepEqual(meant({ [BOB]: "applied", [CAROL]: "applied" }), [BOB, CAROL]);
  assert.deepEqual(meant({}), []);
});

Deno.test("an AT-URI means only its record, and only while its account is active", () => {
  const workingSet = workingSetOf({ [BOB]: "applied", [CAROL]: "applied" });
  const link: Link = { ...LINK, target: { did: BOB, collection: SCENE, rkey: "s1" } };
  const found = (): string[] => workingSet.candidates(ALICE, link).map(({ key }) => key.did);
  assert.deepEqual(found(), [BOB]);
  workingSet.account(BOB).active = false;
  assert.deepEqual(found(), []);
});
