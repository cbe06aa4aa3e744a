import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { patternProblem, readWanted } from "../../lib/decoder/wanted.ts";
import {
  commitMessage,
  commitText,
  DID,
  only,
  TIME_US,
  v1,
  v2,
  v2Text,
} from "../support/decoder_samples.ts";

Deno.test("F-01 a prefix covers the names after its dot, case-sensitively, and nothing else", () => {
  const wanted = readWanted(["app.subcult.*"]);
  for (const name of ["scene", "event", "post", "custom", "a.b"]) {
    assert.equal(wanted.matches(`app.subcult.${name}`), true, name);
  }
  for (
    const name of [
      "app.bsky.feed.post",
      "app.bsky.graph.follow",
      "",
      "app.subcul",
      "app.subcult",
      "app.subculture.scene",
      "APP.SUBCULT.SCENE",
      "app.subcult_scene",
      "xapp.subcult.scene",
    ]
  ) assert.equal(wanted.matches(name), false, name);
});

Deno.test("F-01 an NSID covers itself alone", () => {
  const wanted = readWanted(["app.subcult.scene", "com.example.*"]);
  assert.equal(wanted.matches("app.subcult.scene"), true);
  assert.equal(wanted.matches("app.subcult.scenes"), false);
  assert.equal(wanted.matches("app.subcult.scene.x"), false);
  assert.equal(wanted.matches("com.example.thing"), true);
});

Deno.test("the error about a pattern that no server accepts says what is accepted", () => {
  for (
    const pattern of [
      "",
      "*",
      "app.*",
      "app.subcult",
      "app.bsky.fo*",
      "app.subcult.**",
      "app..x.y",
      "a.b.c-",
      ".a.b.*",
    ]
  ) {
    assert.match(patternProblem(pattern) ?? "accepted", /expected an NSID/, pattern);
    assert.throws(() => readWanted(["app.subcult.*", pattern]), RangeError);
  }
  assert.equal(patternProblem("app.subcult.*"), null);
  assert.equal(patternProblem("app.subcult.scene"), null);
});

Deno.test("the list is sent without repetition, and holds 1 to 100 patterns", () => {
  assert.deepEqual(readWanted(["a.b.c", "d.e.*", "a.b.c"]).patterns, ["a.b.c", "d.e.*"]);
  assert.throws(() => readWanted([]), /expected 1 to 100/);
  const names = (length: number): string[] => Array.from({ length }, (_, i) => `app.subcult.c${i}`);
  assert.equal(readWanted(names(100)).patterns.length, 100);
  assert.throws(() => readWanted(names(101)), /got 101, expected 1 to 100/);
});

function v2Commit(collection: string, changes: Record<string, unknown> = {}): string {
  const { rev, operation, rkey, cid, record } = commitMessage().commit as Record<string, unknown>;
  const time = "2026-08-20T09:30:01.004512Z";
  const address = { seq: 90211733, did: DID, time, rev, operation, collection, rkey };
  return v2Text("commit", { ...address, cid, record, ...changes });
}

/** v1 with the keys in the order that servers write. */
function v1Commit(collection: string, cursor?: number): string {
  const { kind, commit } = commitMessage({ collection });
  return JSON.stringify({ did: DID, time_us: TIME_US, cursor, kind, commit });
}

Deno.test("the prefilter recognises a foreign commit, and its position equals the parsed one", () => {
  const messages = [
    [v1(), v1Commit("app.bsky.feed.post")],
    [v1(), v1Commit("app.subculture.scene", 42)],
    [v1({ wanted: ["app.subcult.scene"] }), v1Commit("app.subcult.scenes", 42)],
    [v2(), v2Commit("app.bsky.feed.post")],
  ] as const;
  for (const [decoder, message] of messages) {
    assert.equal(decoder.isForeign(message), true, message);
    const event = only(decoder, message);
    assert.ok(event.kind === "foreign" && event.position !== null);
    assert.deepEqual(decoder.positionOf(message), event.position);
  }
});

Deno.test("the prefilter passes everything that may be wanted or is written unusually", () => {
  const foreign = v1Commit("app.bsky.feed.post", 42);
  const identity = { did: DID, handle: "a.example" };
  const messages = [
    v1Commit("app.subcult.scene"),
    v1Commit("app.subcult.scene", 42),
    JSON.stringify({ did: DID, time_us: 1, kind: "identity", identity }),
    JSON.stringify({ did: DID, time_us: 1, kind: "account", account: { active: true } }),
    foreign.slice(0, -1), // Cut short.
    foreign.replace('"kind":', '"kind": '),
    foreign.replace("app.bsky", "app\\u002ebsky"),
    foreign.replace('"collection":', '"\\u0063ollection":'),
    JSON.stringify(JSON.parse(foreign), null, 1),
    // The cursor comes after the commit, where the prefilter's position would miss it.
    foreign.replace(',"cursor":42', "").replace(/\}$/, ',"cursor":42}'),
    JSON.stringify({ kind: "commit", ...commitMessage({ collection: "app.bsky.feed.post" }) }),
    encode(commitMessage({ collection: "app.bsky.feed.post" })),
    "",
    "{}}",
  ];
  for (const message of messages) assert.equal(v1().isForeign(message), false, String(message));
  const framed = [
    v2Commit("app.subcult.scene"),
    v2Commit("app.bsky.feed.post").replace('"seq":', '"seq": '),
    v2Text("identity", { seq: 1, did: DID, time: "2026-08-20T09:30:01.004512Z", identity }),
    '{"$type":"error","error":"ConsumerTooSlow"}',
  ];
  for (const message of framed) assert.equal(v2().isForeign(message), false, message);
});

Deno.test("names of collections inside a record do not affect the prefilter", () => {
  const record = { text: '"collection":"app.subcult.scene"', collection: "app.subcult.scene" };
  const foreign = commitText({ record, collection: "app.bsky.feed.post" });
  assert.equal(only(v1(), foreign).kind, "foreign");
  const hidden = commitText({ record: { text: '"collection":"app.bsky.feed.post"' } });
  assert.equal(v1().isForeign(hidden), false);
});

Deno.test("an unusable position is null for the prefilter too", () => {
  assert.equal(
    v1().positionOf(v1Commit("a.b.c").replace(String(TIME_US), "9999999999999999")),
    null,
  );
  assert.equal(v2().positionOf(v2Commit("a.b.c", { seq: 0 })), null);
  assert.equal(v2().positionOf(v2Commit("a.b.c", { time: "yesterday" })), null);
  assert.equal(v1().positionOf("garbage"), null);
});
