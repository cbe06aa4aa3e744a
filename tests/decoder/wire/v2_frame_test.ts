import assert from "node:assert/strict";
import {
  CID,
  DID,
  only,
  onlyCommit,
  onlyMalformed,
  reasonOf,
  REV,
  v2,
  v2Text,
} from "../../support/decoder_samples.ts";

const TIME = "2026-08-20T09:30:01.004512Z";
const POSITION = { cursor: 90211733, timeUs: 1787218201004512 };
const HEAD = { seq: 90211733, did: DID, time: TIME };
const RECORD = { $type: "app.subcult.scene", name: "Harbour" };

function commit(changes: Record<string, unknown> = {}): string {
  return v2Text("commit", {
    ...HEAD,
    rev: REV,
    operation: "create",
    collection: "app.subcult.scene",
    rkey: "scene1",
    cid: CID,
    record: RECORD,
    ...changes,
  });
}

Deno.test("a v2 commit keeps the microseconds of its time and its own seq", () => {
  assert.deepEqual(only(v2(), commit()), {
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
    operation: "create",
    cid: CID,
    record: RECORD,
    refusal: null,
    remains: null,
    size: 418,
    position: POSITION,
  });
});

Deno.test("a v2 delete has no record, and a create without one is refused", () => {
  assert.equal(onlyCommit(v2(), commit({ operation: "delete", record: undefined })).record, null);
  assert.equal(onlyCommit(v2(), commit({ record: undefined })).refusal?.reason, "missing_record");
});

Deno.test("v2 identity, account and sync carry the relay's seq apart from the cursor", () => {
  const body = { did: DID, seq: 32000000017, time: "2026-08-20T09:31:40.000Z" };
  assert.deepEqual(
    only(v2(), v2Text("identity", { ...HEAD, identity: { ...body, handle: "a.example" } })),
    {
      kind: "identity",
      did: DID,
      handle: "a.example",
      relaySeq: 32000000017,
      position: POSITION,
    },
  );
  const account = { ...body, active: false, status: "deleted" };
  assert.deepEqual(only(v2(), v2Text("account", { ...HEAD, account })), {
    kind: "account",
    did: DID,
    active: false,
    status: "deleted",
    relaySeq: 32000000017,
    position: POSITION,
  });
  // A repair in the background has neither time nor seq of its own.
  const sync = { did: DID, rev: REV, seq: 0, time: "", blocks: { $bytes: "" } };
  assert.deepEqual(only(v2(), v2Text("sync", { ...HEAD, sync })), {
    kind: "sync",
    recordsFollow: true,
    did: DID,
    rev: REV,
    position: POSITION,
  });
});

Deno.test("an info frame reaches the client and moves no cursor", () => {
  const message = "starting at seq 88000001";
  const text = v2Text("info", { name: "OutdatedCursor", message });
  assert.deepEqual(only(v2(), text), { kind: "notice", code: "OutdatedCursor", message });
});

Deno.test("an error frame reaches the client with its code and message", () => {
  const message = "reconnect with cursor=90211733";
  assert.deepEqual(
    only(v2(), JSON.stringify({ $type: "error", error: "ConsumerTooSlow", message })),
    {
      kind: "notice",
      code: "ConsumerTooSlow",
      message,
    },
  );
  assert.deepEqual(only(v2(), '{"$type":"error","error":"InternalError"}'), {
    kind: "notice",
    code: "InternalError",
    message: null,
  });
});

Deno.test("an error frame can neither flood nor forge a log", () => {
  const hostile = {
    $type: "error",
    error: "Bad\n{}" + "x".repeat(999),
    message: "\n\u202e".repeat(999),
  };
  const event = only(v2(), JSON.stringify(hostile));
  assert.ok(event.kind === "notice" && event.message !== null);
  assert.match(event.code, /^[A-Za-z0-9]{1,64}$/);
  assert.match(event.message, /^[\x20-\x7e]{1,300}$/);
});

Deno.test("unknown types of frame and payload are skipped", () => {
  const later = v2Text("label", { ...HEAD, label: {} });
  assert.deepEqual(only(v2(), later), {
    kind: "foreign",
    what: "unknown",
    collection: null,
    position: POSITION,
  });
  for (const text of ['{"$type":"ping"}', '{"$type":"message","payload":{"$type":"x#y"}}']) {
    assert.deepEqual(only(v2(), text), {
      kind: "foreign",
      what: "unknown",
      collection: null,
      position: null,
    });
  }
});

Deno.test("a frame without its types, payload or code is malformed, not skipped", () => {
  for (
    const text of [
      "{}",
      '{"$type":""}',
      '{"$type":5}',
      '{"$type":"message"}',
      '{"$type":"message","payload":[]}',
      '{"$type":"message","payload":{}}',
      '{"$type":"message","payload":{"$type":""}}',
      '{"$type":"error"}',
      '{"$type":"error","error":""}',
      "[]",
      "null",
      '{"error":"FutureCursor","message":"cursor is ahead of the live tail"}',
      '{"kind":"commit","commit":{"operation":"create","record_cbor":"not-base64!!"}}',
    ]
  ) assert.equal(reasonOf(v2(), text), "invalid_frame", text);
  for (const text of ["", "{", "not json"]) assert.equal(reasonOf(v2(), text), "invalid_json");
});

Deno.test("a v2 position needs a seq from 1 on, below the times, and a whole time", () => {
  for (const seq of [0, -1, 1.5, "0", "1000000000000000", null, undefined, 1e15]) {
    assert.equal(reasonOf(v2(), commit({ seq })), "invalid_time", `seq ${seq}`);
  }
  for (const time of ["", undefined, 5, "2026-08-20", "+275760-09-13T00:00:00.000000Z"]) {
    assert.equal(reasonOf(v2(), commit({ time })), "invalid_time", `time ${time}`);
  }
});

Deno.test("a seq in quotes is that number, and a time may have more than nine digits of fraction", () => {
  const event = only(v2(), commit({ seq: "42", time: "2026-08-20T09:30:01.0045121234567Z" }));
  assert.deepEqual(event.kind === "commit" && event.position, {
    cursor: 42,
    timeUs: 1787218201004512,
  });
  const foreign = commit({
    collection: "app.bsky.feed.post",
    time: "2026-08-20T09:30:01.0045121234Z",
  });
  assert.equal(v2().isForeign(foreign), true);
  assert.equal(v2().positionOf(foreign)?.timeUs, 1787218201004512);
});

Deno.test("v2 checks addresses and operations as v1 does", () => {
  assert.equal(reasonOf(v2(), commit({ did: undefined })), "missing_field");
  assert.equal(reasonOf(v2(), commit({ rkey: ".." })), "invalid_rkey");
  assert.equal(reasonOf(v2(), commit({ rev: "" })), "missing_field");
  assert.equal(reasonOf(v2(), commit({ operation: "resync" })), "unknown_operation");
  assert.equal(reasonOf(v2(), commit({ collection: "app.bsky.feed.post" })), "foreign");
  assert.equal(
    reasonOf(v2(), v2Text("account", { ...HEAD, account: { active: 1 } })),
    "invalid_field",
  );
  assert.equal(reasonOf(v2(), v2Text("sync", { ...HEAD, sync: {} })), "missing_field");
  assert.equal(reasonOf(v2(), v2Text("sync", HEAD)), "missing_field");
});

Deno.test("a malformed v2 commit shows its address and never its record", () => {
  const record = { location: { lat: 52.52, lng: 13.405 } };
  const { excerpt, position } = onlyMalformed(v2(), commit({ operation: "x", record }));
  assert.deepEqual(JSON.parse(excerpt), {
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
  });
  assert.deepEqual(position, POSITION);
});

Deno.test("bytes that hold a v2 frame, as decompressing leaves them, are read", () => {
  assert.deepEqual(only(v2(), new TextEncoder().encode(commit())), only(v2(), commit()));
});
