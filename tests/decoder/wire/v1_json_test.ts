import assert from "node:assert/strict";
import {
  CID,
  commitMessage,
  commitText,
  DID,
  only,
  onlyCommit,
  onlyMalformed,
  reasonOf,
  REV,
  TIME_US,
  v1,
} from "../../support/decoder_samples.ts";

const POSITION = { cursor: TIME_US, timeUs: TIME_US };

Deno.test("C-01 a text frame gives the commit with every field", () => {
  assert.deepEqual(only(v1(), commitText()), {
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
    operation: "create",
    cid: CID,
    record: { $type: "app.subcult.scene", name: "Tide tables" },
    refusal: null,
    remains: null,
    size: 426,
    position: POSITION,
  });
});

Deno.test("C-02 an empty text frame is refused as invalid JSON", () => {
  assert.equal(reasonOf(v1(), ""), "invalid_json");
});

Deno.test("C-05 a commit without a DID is refused as missing a field", () => {
  for (const did of [undefined, null, ""]) {
    assert.equal(reasonOf(v1(), commitText({}, { did })), "missing_field");
  }
});

Deno.test("C-06 a commit without a collection is refused as missing a field", () => {
  for (const collection of [undefined, null, ""]) {
    assert.equal(reasonOf(v1(), commitText({ collection })), "missing_field");
  }
});

const BODIES = {
  "C-07 FC-01 scene": ["app.subcult.scene", { name: "Harbour", description: "by the sea" }],
  "C-08 FC-02 event": ["app.subcult.event", { name: "Night", sceneId: "scene1" }],
  "C-09 FC-03 post": ["app.subcult.post", { text: "hello", sceneId: "scene1" }],
  // Decoding does not validate what the mapper will.
  "C-10 FC-04 alliance": ["app.subcult.alliance", { from: "a", to: "b", role: "friend" }],
} as const;

for (const [name, [collection, record]] of Object.entries(BODIES)) {
  Deno.test(`${name} create: address and body survive`, () => {
    const commit = onlyCommit(v1(), commitText({ collection, record, rkey: "key:1" }));
    assert.equal(commit.collection, collection);
    assert.equal(commit.rkey, "key:1");
    assert.equal(commit.rev, REV);
    assert.deepEqual(commit.record, record);
  });
}

Deno.test("C-11 FC-05 a delete has neither record nor cid, whatever the message carries", () => {
  for (const commit of [{}, { record: { name: "left over" }, cid: CID }]) {
    const event = onlyCommit(v1(), commitText({ operation: "delete", ...commit }));
    assert.equal(event.operation, "delete");
    assert.deepEqual([event.record, event.cid, event.refusal], [null, null, null]);
  }
});

Deno.test("C-12 an update carries its record", () => {
  const event = onlyCommit(v1(), commitText({ operation: "update" }));
  assert.equal(event.operation, "update");
  assert.ok(event.record !== null);
});

Deno.test("C-13 FC-10 an identity message is an identity event, and no commit", () => {
  const identity = { did: DID, handle: "tides.example.com", seq: 32000000017, time: "2026" };
  const message = JSON.stringify({ did: DID, time_us: TIME_US, kind: "identity", identity });
  assert.deepEqual(only(v1(), message), {
    kind: "identity",
    did: DID,
    handle: "tides.example.com",
    relaySeq: 32000000017,
    position: POSITION,
  });
});

Deno.test("C-14 a commit message without a commit is refused as missing its record", () => {
  for (const commit of [undefined, null, "commit", []]) {
    assert.equal(reasonOf(v1(), JSON.stringify({ ...commitMessage(), commit })), "missing_record");
  }
});

Deno.test("C-15 a create or update without a record is rejected and keeps its address", () => {
  for (const operation of ["create", "update"]) {
    for (const record of [undefined, null]) {
      const commit = onlyCommit(v1(), commitText({ operation, record }));
      assert.equal(commit.refusal?.reason, "missing_record");
      assert.deepEqual([commit.record, commit.remains], [null, null]);
    }
  }
});

Deno.test("C-16 F-05 a record that is no object is refused, and its address is kept", () => {
  for (const record of ["text", 1, true, [], [{ name: "in an array" }]]) {
    const commit = onlyCommit(v1(), commitText({ record }));
    assert.equal(commit.refusal?.reason, "invalid_record");
    assert.equal(commit.rkey, "scene1");
  }
});

Deno.test("C-18 nested objects and arrays of a record are preserved", () => {
  const record = {
    name: "Harbour",
    location: { lat: 1.5, lon: -2.25 },
    tags: ["a", ["b", { c: null }]],
    palette: { primary: "#000000", deep: [{}, [], false] },
  };
  assert.deepEqual(onlyCommit(v1(), commitText({ record })).record, record);
});

Deno.test("C-19 C-20 F-13 FC-09 text that is not one whole JSON object is malformed", () => {
  const whole = commitText();
  for (
    const text of [
      " ",
      "not json",
      whole.slice(0, -1),
      whole + "}",
      "{",
      "{'a':1}",
      "\ufeff" + whole,
    ]
  ) {
    assert.equal(reasonOf(v1(), text), "invalid_json", text);
  }
  for (const text of ["[]", "[1,2]", "17", '"text"', "null", "true"]) {
    assert.equal(reasonOf(v1(), text), "invalid_frame", text);
  }
});

Deno.test("F-03 FC-06 a collection that is not wanted is foreign before anything else is checked", () => {
  for (const collection of ["app.bsky.feed.post", "app.bsky.feed.like", "not an nsid"]) {
    const broken = { record: "no object", rkey: "", rev: 5, did: "did:plc:someoneelse" };
    const text = commitText({ collection, ...broken }, { did: 7 });
    assert.deepEqual(only(v1(), text), {
      kind: "foreign",
      what: "commit",
      collection,
      position: POSITION,
    });
  }
});

Deno.test("FC-11 every message becomes exactly one event, independent of earlier messages", () => {
  const decoder = v1();
  const kinds = [commitText(), "garbage", commitText({ operation: "move" }), commitText()]
    .map((message) => only(decoder, message).kind);
  assert.deepEqual(kinds, ["commit", "malformed", "malformed", "commit"]);
});

Deno.test("an account message says whether the account is active, and why not", () => {
  const account = { active: false, did: DID, seq: 32000000018, status: "deactivated" };
  const message = { did: DID, time_us: TIME_US, cursor: 90224002, kind: "account", account };
  assert.deepEqual(only(v1(), JSON.stringify(message)), {
    kind: "account",
    did: DID,
    active: false,
    status: "deactivated",
    relaySeq: 32000000018,
    position: { cursor: 90224002, timeUs: TIME_US },
  });
});

Deno.test("an account event with a field of the wrong type is malformed with the field's reason", () => {
  const reason = (kind: string, body: unknown, did: unknown = DID): string =>
    reasonOf(v1(), JSON.stringify({ did, time_us: TIME_US, kind, [kind]: body }));
  assert.equal(reason("account", { active: "yes" }), "invalid_field");
  assert.equal(reason("account", {}), "missing_field");
  assert.equal(reason("account", { active: true, did: "did:plc:someoneelse" }), "invalid_did");
  assert.equal(reason("account", undefined), "missing_field");
  assert.equal(reason("identity", { handle: 5 }), "invalid_handle");
  assert.equal(reason("identity", {}, "plc:x"), "invalid_did");
  assert.equal(reason("identity", {}, null), "missing_field");
});

Deno.test("an identity event without a handle has it undefined, and an invalid handle is null", () => {
  const handleOf = (identity: unknown): unknown => {
    const event = only(v1(), JSON.stringify({ did: DID, time_us: 1, kind: "identity", identity }));
    return event.kind === "identity" ? event.handle : event;
  };
  for (const identity of [{ did: DID }, { handle: null }, { handle: "" }]) {
    assert.equal(handleOf(identity), undefined);
  }
  assert.equal(handleOf({ handle: "handle.invalid" }), "handle.invalid");
  for (
    const handle of ["a..b", "-x.test", "127.0.0.1", "alice", "no host\u0000", "bücher.example"]
  ) {
    assert.equal(handleOf({ handle }), null, handle);
  }
});

Deno.test("a kind that a later server adds is skipped and counted", () => {
  const message = JSON.stringify({ did: DID, time_us: TIME_US, kind: "sync", sync: {} });
  assert.deepEqual(only(v1(), message), {
    kind: "foreign",
    what: "unknown",
    collection: null,
    position: POSITION,
  });
  assert.equal(reasonOf(v1(), JSON.stringify({ did: DID, time_us: 1 })), "missing_field");
  for (const kind of [5, ""]) {
    assert.equal(reasonOf(v1(), JSON.stringify({ kind, time_us: 1 })), "unknown_kind");
  }
});

Deno.test("the position is the cursor where the server numbers its events, else the time", () => {
  const position = (envelope: Record<string, unknown>): unknown =>
    only(v1(), commitText({}, envelope)).kind === "commit"
      ? onlyCommit(v1(), commitText({}, envelope)).position
      : reasonOf(v1(), commitText({}, envelope));
  assert.deepEqual(position({ cursor: 42 }), { cursor: 42, timeUs: TIME_US });
  assert.deepEqual(position({}), POSITION);
  assert.deepEqual(position({ cursor: 0, time_us: 1 }), { cursor: 0, timeUs: 1 });
  for (const bad of [-1, 1.5, "now", "-1", "", true, {}, 2 ** 53, 253402300800000000]) {
    assert.equal(position({ time_us: bad }), "invalid_time", `time_us ${bad}`);
    assert.equal(position({ cursor: bad }), "invalid_time", `cursor ${bad}`);
  }
  assert.equal(position({ time_us: null }), "invalid_time");
  assert.equal(position({ time_us: undefined }), "invalid_time");
});

Deno.test("a null cursor counts as absent, and digits in quotes are a number", () => {
  const position = (envelope: Record<string, unknown>): unknown =>
    onlyCommit(v1(), commitText({}, envelope)).position;
  assert.deepEqual(position({ cursor: null }), POSITION);
  assert.deepEqual(position({ cursor: "42" }), { cursor: 42, timeUs: TIME_US });
  assert.deepEqual(position({ time_us: String(TIME_US) }), POSITION);
  assert.deepEqual(position({ time_us: String(TIME_US), cursor: null }), POSITION);
});

Deno.test("an operation that does not exist is malformed", () => {
  for (const operation of ["move", "CREATE", "", null, 1, undefined]) {
    assert.equal(reasonOf(v1(), commitText({ operation })), "unknown_operation");
  }
});

Deno.test("keys like __proto__ are ordinary keys", () => {
  const text = `{"__proto__":{"kind":"identity"},"constructor":1,"did":"${DID}","time_us":1,` +
    `"kind":"commit","commit":{"__proto__":{"rkey":"evil"},"rev":"r","operation":"create",` +
    `"collection":"app.subcult.scene","rkey":"k","record":{"__proto__":{"polluted":true},` +
    `"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":2,"name":"n"}}}`;
  const { record, rkey } = onlyCommit(v1(), text);
  assert.equal(rkey, "k");
  assert.ok(record !== null && Object.hasOwn(record, "__proto__"));
  assert.equal(Object.getPrototypeOf(record), Object.prototype);
  assert.equal(record.polluted, undefined);
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  // Inherited names are not taken for fields of the message.
  assert.equal(reasonOf(v1(), '{"__proto__":{"kind":"commit"},"time_us":1}'), "missing_field");
});

Deno.test("the coarsener's result is the record, and its remains are kept for a rejected one", () => {
  const coarse = { name: "Harbour", coarseGeohash: "u33dc0" };
  const taken = v1({ coarsen: () => ({ record: coarse, refusal: null }) });
  assert.deepEqual(onlyCommit(taken, commitText()).record, coarse);
  const refusal = { reason: "invalid_location", detail: "out of range" } as const;
  const refused = onlyCommit(v1({ coarsen: () => ({ record: coarse, refusal }) }), commitText());
  assert.deepEqual([refused.record, refused.refusal, refused.remains], [null, refusal, coarse]);
});

Deno.test("when coarsening fails, nothing of the record is kept", () => {
  const decoder = v1({
    coarsen: () => {
      throw new Error("52.5200,13.4050");
    },
  });
  const commit = onlyCommit(decoder, commitText());
  assert.equal(commit.refusal?.reason, "invalid_record");
  assert.deepEqual([commit.record, commit.remains], [null, null]);
  assert.doesNotMatch(JSON.stringify(commit), /52\.52|13\.4/);
});

Deno.test("a malformed message keeps its position, and its hash recognises a replay", () => {
  const text = commitText({ rkey: "a/b" }, { cursor: 42 });
  const first = onlyMalformed(v1(), text);
  assert.deepEqual(first.position, { cursor: 42, timeUs: TIME_US });
  assert.match(first.fingerprint, /^[0-9a-f]{64}$/);
  assert.deepEqual(onlyMalformed(v1(), text), first);
  assert.notEqual(onlyMalformed(v1(), commitText({ rkey: "a/c" })).fingerprint, first.fingerprint);
});

Deno.test("an invalid CID is dropped", () => {
  for (const cid of [5, "", "a\u0000b", "x".repeat(257), { $link: 5 }, null]) {
    assert.equal(onlyCommit(v1(), commitText({ cid })).cid, null);
  }
  assert.equal(onlyCommit(v1(), commitText({ cid: { $link: CID } })).cid, CID);
});
