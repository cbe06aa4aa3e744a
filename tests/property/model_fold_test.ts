import assert from "node:assert/strict";
import { uriOf } from "../support/model/address.ts";
import { Model, type Outcome } from "../support/model/fold.ts";
import { ALICE, BOB, MALLORY, Script } from "../support/model/frames.ts";
import type { Row } from "../support/model/tables.ts";

const SCENE = { name: "Basement" };
const EVENT = { name: "Night", sceneId: "s1", startsAt: "2026-09-01T20:00:00Z" };

function deliver(model: Model, ...frames: string[]): Outcome[] {
  return frames.map((frame) => model.deliver(frame));
}

/** Folds the frames on a new model. */
function fold(...frames: string[]): Model {
  const model = new Model();
  deliver(model, ...frames);
  return model;
}

function stateOf(model: Model, did: string, collection: string, rkey: string): string | undefined {
  return model.tables().ledger.get(uriOf(did, `app.subcult.${collection}`, rkey))?.state;
}

function rowOf(model: Model, table: string, did: string, collection: string, rkey: string): Row {
  const rows = model.tables().products.get(table);
  const row = rows?.get(uriOf(did, `app.subcult.${collection}`, rkey));
  assert.ok(row, `no live row in ${table}`);
  return row;
}

Deno.test("model: a child that arrives before its parent waits, and is applied when it comes", () => {
  const script = new Script();
  const model = new Model();
  const post = script.commit(ALICE, "post", "p1", { text: "hi", eventId: "e1" });
  const event = script.commit(ALICE, "event", "e1", EVENT);
  const scene = script.commit(ALICE, "scene", "s1", SCENE);
  assert.deepEqual(deliver(model, post, event), ["waiting", "waiting"]);
  const waiting = model.tables().ledger.get(uriOf(ALICE, "app.subcult.post", "p1"));
  assert.deepEqual(waiting?.waitingFor, [uriOf(ALICE, "app.subcult.event", "e1")]);
  assert.deepEqual(waiting?.reasons, ["parent_missing"]);
  assert.deepEqual(deliver(model, scene), ["applied"]);
  const row = rowOf(model, "posts", ALICE, "post", "p1");
  assert.equal(row.get("event_id"), uriOf(ALICE, "app.subcult.event", "e1"));
  assert.equal(row.get("scene_id"), null);
});

Deno.test("model: children are hidden and shown with their parent", () => {
  const script = new Script();
  const model = fold(
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "event", "e1", EVENT),
    script.commit(BOB, "post", "p1", {
      text: "hi",
      eventId: uriOf(ALICE, "app.subcult.event", "e1"),
    }),
  );
  assert.equal(stateOf(model, BOB, "post", "p1"), "applied");
  deliver(model, script.commit(ALICE, "scene", "s1", null));
  assert.equal(stateOf(model, ALICE, "event", "e1"), "waiting");
  assert.equal(stateOf(model, BOB, "post", "p1"), "waiting");
  assert.equal(model.tables().products.get("posts")?.size, 0);
  deliver(model, script.commit(ALICE, "scene", "s1", SCENE));
  assert.equal(stateOf(model, BOB, "post", "p1"), "applied");
});

Deno.test("model: the highest rev wins, a delete is a tombstone, a replay is a duplicate", () => {
  const script = new Script();
  const [first, second, gone, again] = [
    script.commit(ALICE, "scene", "s1", { name: "First" }),
    script.commit(ALICE, "scene", "s1", { name: "Second" }),
    script.commit(ALICE, "scene", "s1", null),
    script.commit(ALICE, "scene", "s1", { name: "Again" }),
  ];
  const model = new Model();
  assert.deepEqual(deliver(model, second, first, second), ["applied", "stale", "duplicate"]);
  assert.equal(rowOf(model, "scenes", ALICE, "scene", "s1").get("name"), "Second");
  assert.deepEqual(deliver(model, gone, second), ["applied", "stale"]);
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "deleted");
  const id = rowOf(fold(first), "scenes", ALICE, "scene", "s1").get("id");
  assert.deepEqual(deliver(model, again, gone), ["applied", "stale"]);
  assert.equal(rowOf(model, "scenes", ALICE, "scene", "s1").get("id"), id);
});

Deno.test("model: a rejected revision hides the older content until a valid one comes", () => {
  const script = new Script();
  const model = fold(script.commit(ALICE, "scene", "s1", SCENE));
  const bad = script.commit(ALICE, "scene", "s1", { name: "" });
  assert.deepEqual(deliver(model, bad, bad), ["dead_letter", "duplicate"]);
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "rejected");
  assert.equal(model.tables().products.get("scenes")?.size, 0);
  assert.deepEqual(model.tables().deadLetters.map(({ reasons }) => reasons), [["empty_field"]]);
  assert.deepEqual(deliver(model, script.commit(ALICE, "scene", "s1", SCENE)), ["applied"]);
  assert.deepEqual(model.tables().deadLetters, []);
});

Deno.test("model: a bare rkey means the author's own record first, live or not", () => {
  const script = new Script();
  const model = fold(
    script.commit(BOB, "scene", "s1", SCENE),
    script.commit(ALICE, "post", "p1", { text: "hi", sceneId: "s1" }),
  );
  assert.equal(
    rowOf(model, "posts", ALICE, "post", "p1").get("scene_id"),
    uriOf(BOB, "app.subcult.scene", "s1"),
  );
  deliver(model, script.commit(ALICE, "scene", "s1", SCENE));
  const own = uriOf(ALICE, "app.subcult.scene", "s1");
  assert.equal(rowOf(model, "posts", ALICE, "post", "p1").get("scene_id"), own);
  deliver(model, script.commit(ALICE, "scene", "s1", null));
  assert.equal(stateOf(model, ALICE, "post", "p1"), "waiting");
});

Deno.test("model: a bare rkey that several repositories have waits as ambiguous", () => {
  const script = new Script();
  const post = script.commit(ALICE, "post", "p1", { text: "hi", sceneId: "s1" });
  const model = fold(
    script.commit(BOB, "scene", "s1", SCENE),
    post,
    script.commit(MALLORY, "scene", "s1", SCENE),
  );
  const row = model.tables().ledger.get(uriOf(ALICE, "app.subcult.post", "p1"));
  assert.deepEqual([row?.state, row?.reasons], ["waiting", ["ambiguous_reference"]]);
  assert.deepEqual(row?.waitingFor, ["app.subcult.scene/s1"]);
  deliver(model, script.account(MALLORY, "takendown"));
  assert.equal(stateOf(model, ALICE, "post", "p1"), "applied");
});

Deno.test("model: an event in a scene of someone else is rejected, and its dead letter follows its state", () => {
  const script = new Script();
  const model = fold(script.commit(BOB, "scene", "s1", SCENE));
  assert.deepEqual(deliver(model, script.commit(ALICE, "event", "e1", EVENT)), ["dead_letter"]);
  assert.deepEqual(model.tables().deadLetters[0]?.reasons, ["not_scene_owner"]);
  deliver(model, script.commit(ALICE, "scene", "s1", SCENE));
  assert.equal(stateOf(model, ALICE, "event", "e1"), "applied");
  assert.deepEqual(model.tables().deadLetters, []);
});

Deno.test("model: an alliance of a scene with itself is rejected, however it is spelled", () => {
  const script = new Script();
  const toSceneId = uriOf(ALICE, "app.subcult.scene", "s1");
  const model = fold(
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "alliance", "a1", { fromSceneId: "s1", toSceneId: "s1" }),
    script.commit(ALICE, "alliance", "a2", { fromSceneId: "s1", toSceneId }),
  );
  const reasons = model.tables().deadLetters.map((letter) => letter.reasons);
  assert.deepEqual(reasons, [["self_alliance"], ["self_alliance"]]);
});

Deno.test("model: a member's own record is a request, whatever it claims; the owner's decides", () => {
  const script = new Script();
  const scene = uriOf(ALICE, "app.subcult.scene", "s1");
  const claim = { sceneId: scene, role: "owner", status: "active", trustWeight: 1 };
  const model = fold(
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(BOB, "membership", "m1", claim),
  );
  const columns = ["user_did", "role", "status", "trust_weight"];
  const own = rowOf(model, "memberships", BOB, "membership", "m1");
  assert.deepEqual(columns.map((name) => own.get(name)), [BOB, "member", "pending", 0.5]);

  model.deliver(script.commit(ALICE, "membership", "m2", { ...claim, member: BOB }));
  model.deliver(script.commit(MALLORY, "membership", "m3", { ...claim, member: BOB }));
  assert.deepEqual([...model.tables().products.get("memberships")?.keys() ?? []], [
    uriOf(ALICE, "app.subcult.membership", "m2"),
  ]);
  assert.equal(stateOf(model, BOB, "membership", "m1"), "applied", "it still asks");
  const decided = rowOf(model, "memberships", ALICE, "membership", "m2");
  assert.deepEqual(columns.map((name) => decided.get(name)), [BOB, "owner", "active", 1]);
  assert.equal(stateOf(model, MALLORY, "membership", "m3"), "rejected");
});

Deno.test("model: a decision is an invitation to an account that never requested, and counts for others while they request that scene", () => {
  const script = new Script();
  const sceneId = uriOf(ALICE, "app.subcult.scene", "s1");
  const other = uriOf(ALICE, "app.subcult.scene", "s2");
  const model = fold(
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "scene", "s2", SCENE),
    script.commit(ALICE, "membership", "d", { sceneId, member: BOB, status: "active" }),
    script.commit(ALICE, "membership", "d2", { sceneId: other, member: ALICE }),
  );
  const state = (): string | undefined => stateOf(model, ALICE, "membership", "d");
  assert.equal(state(), "applied");
  model.deliver(script.commit(BOB, "membership", "r", { sceneId: other }));
  assert.equal(state(), "waiting");
  model.deliver(script.commit(BOB, "membership", "r", { sceneId }));
  assert.equal(state(), "applied");
  model.deliver(script.commit(BOB, "membership", "r", null));
  assert.equal(state(), "waiting");
});

Deno.test("model: an inactive account hides its records and their children, and an active one shows them", () => {
  const script = new Script();
  const model = fold(
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(BOB, "post", "p1", { text: "hi", sceneId: "s1" }),
  );
  const [off, on] = [script.account(ALICE, "deactivated"), script.account(ALICE, null)];
  assert.deepEqual(deliver(model, off), ["applied"]);
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "suppressed");
  assert.equal(stateOf(model, BOB, "post", "p1"), "waiting");
  const late = script.commit(ALICE, "scene", "s2", SCENE);
  assert.deepEqual(deliver(model, late), ["applied"]);
  assert.equal(stateOf(model, ALICE, "scene", "s2"), "suppressed");
  assert.deepEqual(deliver(model, on, off, on), ["applied", "stale", "duplicate"]);
  assert.equal(stateOf(model, BOB, "post", "p1"), "applied");
});

Deno.test("model: a confirmed deletion of an account removes its records for good, and only those", () => {
  const script = new Script();
  const old = script.commit(ALICE, "scene", "s1", SCENE);
  const model = fold(old, script.account(ALICE, "deleted"));
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "suppressed");
  model.confirmDeletion(ALICE);
  deliver(model, script.account(ALICE, null));
  deliver(model, script.commit(ALICE, "scene", "s2", SCENE));
  assert.deepEqual(deliver(model, old), ["duplicate"]);
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "deleted");
  assert.equal(stateOf(model, ALICE, "scene", "s2"), "applied");
});

Deno.test("model: an inactive account without stored records is remembered until it is active", () => {
  const script = new Script();
  const [off, on] = [script.account(ALICE, "suspended"), script.account(ALICE, null)];
  const scene = script.commit(ALICE, "scene", "s1", SCENE);
  const suppressed = new Model();
  assert.deepEqual(deliver(suppressed, off, scene), ["ignored", "applied"]);
  assert.equal(stateOf(suppressed, ALICE, "scene", "s1"), "suppressed");
  const model = new Model();
  assert.deepEqual(deliver(model, off, on, scene), ["ignored", "ignored", "applied"]);
  assert.equal(stateOf(model, ALICE, "scene", "s1"), "applied");
  assert.deepEqual(deliver(model, off, on), ["stale", "duplicate"]);
});

Deno.test("model: a handle is stored only for a DID with stored records, and only from then on", () => {
  const script = new Script();
  const early = script.identity(ALICE, "early.example.com");
  const model = new Model();
  assert.deepEqual(deliver(model, early, script.commit(ALICE, "badge", "b1", {})), [
    "ignored",
    "applied",
  ]);
  assert.equal(stateOf(model, ALICE, "badge", "b1"), "unmapped");
  const named = script.identity(ALICE, "alice.example.com");
  const silent = script.identity(ALICE, null);
  assert.deepEqual(deliver(model, early, named, silent, named), [
    "ignored",
    "applied",
    "applied",
    "stale",
  ]);
  assert.equal(model.tables().accounts.get(ALICE)?.handle, "alice.example.com");
});

Deno.test("model: a place is exact only with consent, and removed when consent is revoked", () => {
  const script = new Script();
  const location = { lat: 47.6062, lng: -122.3321 };
  const model = fold(
    script.commit(ALICE, "scene", "s1", {
      ...SCENE,
      location: { ...location, allowPrecise: true },
    }),
  );
  const exact = rowOf(model, "scenes", ALICE, "scene", "s1");
  assert.deepEqual(exact.get("precise_point"), location);
  assert.deepEqual([exact.get("coarse_geohash"), exact.get("display_point")], ["c23nb6", "exact"]);
  deliver(model, script.commit(ALICE, "scene", "s1", { ...SCENE, location }));
  const coarse = rowOf(model, "scenes", ALICE, "scene", "s1");
  assert.equal(coarse.get("precise_point"), null);
  assert.deepEqual(
    [coarse.get("coarse_geohash"), coarse.get("display_point")],
    ["c23nb6", "inside cell"],
  );
});

Deno.test("model: a record keeps the earliest time that any of its revisions claims", () => {
  const script = new Script();
  const model = fold(
    script.commit(ALICE, "scene", "s1", { ...SCENE, createdAt: "2026-08-01T10:00:00Z" }),
    script.commit(ALICE, "scene", "s1", { ...SCENE, createdAt: "2026-08-02T10:00:00Z" }),
    script.commit(ALICE, "scene", "s2", { ...SCENE, createdAt: "2099-01-01T00:00:00Z" }),
  );
  const first = rowOf(model, "scenes", ALICE, "scene", "s1");
  assert.equal(first.get("created_at"), "2026-08-01T10:00:00.000000Z");
  const second = rowOf(model, "scenes", ALICE, "scene", "s2");
  assert.equal(second.get("created_at"), second.get("updated_at"));
});

Deno.test("model: a frame that can't be decoded is a dead letter once", () => {
  const model = new Model();
  assert.deepEqual(deliver(model, "{", "{", "[1]"), ["dead_letter", "duplicate", "dead_letter"]);
  assert.deepEqual(model.tables().deadLetters[0], {
    uri: null,
    rev: null,
    reasons: ["invalid_json"],
  });
});
