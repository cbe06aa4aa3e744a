/** Every message has a counted outcome and a reason, and the stream continues. */

import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { OUTCOMES } from "../../lib/repository/outcome.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ScriptedServer, sends } from "../support/jetstream/server.ts";
import { SampleEvents } from "../support/sample_events.ts";

const events = new SampleEvents();
const SCENE = "app.subcult.scene";
let seq = 0;

/** A v1 message of a scene; `envelope` and `commit` go over it. */
function message(commit: object = {}, envelope: object = {}): object {
  seq++;
  const event = events.put(`alice/scene/${seq}`);
  return { ...event, cursor: seq, commit: { ...event.commit, ...commit }, ...envelope };
}

function text(commit: object = {}, envelope: object = {}): string {
  return JSON.stringify(message(commit, envelope));
}

function withRecord(fields: object): string {
  return text({ record: { $type: SCENE, name: "Scene", ...fields } });
}

/** A message in which a text, which must not survive \`JSON.stringify\`, stands for a field. */
function withRaw(raw: string, field = "description"): string {
  return withRecord({ [field]: "RAW" }).replace('"RAW"', raw);
}

/** The same in CBOR, where a number can be what JSON has no word for. */
function withDouble(value: number): Uint8Array {
  const bytes = encode(message({ record: { $type: SCENE, name: "Scene", note: 1.5 } }));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = bytes.findIndex((_, at) =>
    view.getUint8(at) === 0xfb && view.getFloat64(at + 1) === 1.5
  );
  view.setFloat64(at + 1, value);
  return bytes;
}

/** A message in which a key is there twice. */
function withTwice(member: string): string {
  return withRecord({ name: "RAW" }).replace('"name":"RAW"', member);
}

/** An event about Alice's account or handle. */
function marker(kind: string, body: object): string {
  return text({}, { kind, commit: undefined, [kind]: body });
}

function other(collection: string, record: object): string {
  return text({ collection: `app.subcult.${collection}`, rkey: "self", record });
}

function nested(levels: number): string {
  return withRaw("[".repeat(levels) + "]".repeat(levels));
}

/** What it is, the frame, and its outcome: for a dead letter, the reason. */
const INPUTS: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["text that is no JSON", "garbage", "invalid_json"],
  ["JSON that ends early", text().slice(0, -10), "invalid_json"],
  ["JSON that is no object", "[1, 2]", "invalid_frame"],
  ["nothing", "", "invalid_json"],
  ["bytes that are no CBOR", new Uint8Array([0xff, 0xff, 0xff, 0xff]), "invalid_cbor"],
  ["CBOR that ends early", encode(message()).slice(0, -5), "invalid_cbor"],
  ["an unknown kind", text({}, { kind: "tombstone" }), "ignored"],
  ["a kind of the wrong type", text({}, { kind: 7 }), "unknown_kind"],
  ["no kind", text({}, { kind: undefined }), "missing_field"],
  ["no DID", text({}, { did: undefined }), "missing_field"],
  ["no commit", text({}, { commit: undefined }), "missing_record"],
  ["no rkey", text({ rkey: undefined }), "missing_field"],
  ["no rev", text({ rev: undefined }), "missing_field"],
  ["no time", text({}, { time_us: undefined }), "invalid_time"],
  ["no record", text({ record: undefined }), "missing_record"],
  ["an unknown operation", text({ operation: "upsert" }), "unknown_operation"],
  ["a DID that is none", text({}, { did: "alice" }), "invalid_did"],
  ["an rkey that is none", text({ rkey: "a/b" }), "invalid_rkey"],
  ["a collection of the wrong type", text({ collection: 7 }), "invalid_collection"],
  ["a rev of the wrong type", text({ rev: 7 }), "invalid_rev"],
  ["a record of the wrong type", text({ record: "scene" }), "invalid_record"],
  ["no name", withRecord({ name: undefined }), "missing_field"],
  ["an empty name", withRecord({ name: "" }), "empty_field"],
  ["a name of the wrong type", withRecord({ name: ["Scene"] }), "invalid_type"],
  ["tags of the wrong type", withRecord({ tags: "dub" }), "invalid_type"],
  ["text with \\u0000", withRecord({ description: "a\u0000b" }), "unstorable_text"],
  ["a key with \\u0000", withRecord({ "a\u0000b": 1 }), "unstorable_text"],
  ["a lone surrogate", withRaw('"\\ud800"'), "unstorable_text"],
  ["an integer above 2^53", withRaw("9007199254740993"), "applied"],
  [
    "a record of 5 MB",
    withRecord({ description: "x".repeat(5 * 1024 * 1024) }),
    "record_too_large",
  ],
  ["a record nested 10,000 deep", nested(10_000), "record_too_deep"],
  ["a DID of 2,048 characters", text({}, { did: `did:web:${"a".repeat(2040)}` }), "applied"],
  [
    "a DID of 2,049 characters",
    text({}, { did: `did:web:${"a".repeat(2041)}` }),
    "invalid_did",
  ],
  ["an rkey of 512 characters", text({ rkey: "r".repeat(512) }), "applied"],
  ["an rkey of 513 characters", text({ rkey: "r".repeat(513) }), "invalid_rkey"],
  [
    "an address longer than an index takes",
    text(
      { collection: `app.subcult.${"x".repeat(60)}`, rkey: "r".repeat(512) },
      { did: `did:web:${"a".repeat(2040)}` },
    ),
    "address_too_long",
  ],
  ["places that are none", withRecord({ location: { lat: 91, lng: 0 } }), "invalid_location"],
  ["-0", withRaw("-0", "note"), "applied"],
  [
    "a place at -0",
    withRecord({ location: { lat: 0, lng: 1 } }).replace('"lat":0', '"lat":-0'),
    "applied",
  ],
  ["the largest safe integer", withRaw("9007199254740991", "note"), "applied"],
  ["the first integer that is not safe", withRaw("-9007199254740992", "note"), "applied"],
  ["a number beyond all", withRaw("1e999"), "applied"],
  ["NaN", withDouble(NaN), "invalid_cbor"],
  ["infinity", withDouble(-Infinity), "invalid_cbor"],
  ["a key that is half a surrogate pair", withRaw('{"\\udc00": 1}'), "unstorable_text"],
  ["an rkey with \\u0000", text({ rkey: "a\u0000b" }), "invalid_rkey"],
  ["a rev with half a surrogate pair", text({ rev: "3mtiwp33yo22\ud800" }), "invalid_rev"],
  ["a DID with \\u0000", text({}, { did: "did:plc:a\u0000b" }), "invalid_did"],
  ["a DID without an identifier", text({}, { did: "did:plc:" }), "invalid_did"],
  ["a DID in capitals", text({}, { did: "did:PLC:abc" }), "invalid_did"],
  ["another DID in the commit", text({ did: "did:plc:other" }), "invalid_did"],
  ["another DID in the body", marker("identity", { did: "did:plc:other" }), "invalid_did"],
  ["a handle that is no text", marker("identity", { handle: 5 }), "invalid_handle"],
  ["a status that can't be kept", marker("account", { active: true, status: "\0" }), "applied"],
  ["an account that is neither", marker("account", { active: "no" }), "invalid_field"],
  ["no time but 0", text({}, { time_us: 0 }), "invalid_time"],
  ["a time before all", text({}, { time_us: -1 }), "invalid_time"],
  ["a time between microseconds", text({}, { time_us: 1.5 }), "invalid_time"],
  ["a time beyond counting", text({}, { time_us: 2 ** 53 }), "invalid_time"],
  ["a cursor beyond counting", text({}, { cursor: 2 ** 53 }), "invalid_time"],
  ["a name that is there twice, right at last", withTwice('"name":7,"name":"Scene"'), "applied"],
  [
    "a name that is there twice, wrong at last",
    withTwice('"name":"Scene","name":7'),
    "invalid_type",
  ],
  [
    "a collection named as a prototype",
    text({ collection: "app.subcult.__proto__" }),
    "invalid_collection",
  ],
  ["an rkey named as a prototype", text({ rkey: "__proto__" }), "applied"],
  ["an operation named as a prototype", text({ operation: "__proto__" }), "unknown_operation"],
  ["a kind named as a prototype", text({}, { kind: "__proto__" }), "ignored"],
  [
    "a post about itself",
    other("post", {
      text: "x",
      sceneId: `at://${events.put("alice/post/self").did}/app.subcult.post/self`,
    }),
    "invalid_reference",
  ],
  ["a post that waits for its own name", other("post", { text: "x", eventId: "self" }), "waiting"],
  [
    "an alliance of a scene with itself",
    other("alliance", { fromSceneId: "self", toSceneId: "self" }),
    "self_alliance",
  ],
  ["a prototype", withRaw('{"__proto__": {"polluted": true}}'), "invalid_type"],
];

/** Outcomes, as many of each as there were. */
function outcomes({ counts }: Program): string[] {
  return Object.entries(counts).flatMap(([outcome, count]) => Array(count).fill(outcome));
}

databaseTest(
  "I-02 V-06 every kind of invalid input is counted with its reason, and the stream continues",
  async ({ url, sql }) => {
    await using server = new ScriptedServer([sends()]);
    await using program = new Program({ databaseUrl: url, streamUrl: server.url() });
    const peer = await server.peer(0);
    await program.until(() => program.said("connected") > 0);
    const found: (readonly [string, string])[] = [];
    let lastLetter = 0;
    for (const [what, frame] of INPUTS) {
      const before = { ...program.counts };
      await peer.send(frame);
      await program.until(() => outcomes(program).length > found.length, what);
      const outcome = OUTCOMES.find((outcome) => program.counts[outcome] > before[outcome]) ?? "";
      const [letter] = await sql<{ id: number; reason: string }[]>`
        select id::int as id, reason from dead_letters where id > ${lastLetter}`;
      lastLetter = letter?.id ?? lastLetter;
      assert.equal(outcome === "dead_letter", letter !== undefined, what);
      found.push([what, letter?.reason ?? outcome]);
    }
    assert.deepEqual(found, INPUTS.map(([what, , outcome]) => [what, outcome]));
    await peer.send(text());
    await program.committed(seq);
    assert.equal(outcomes(program).length, INPUTS.length + 1);
    assert.equal(server.peers.length, 1);
    const health = await program.fetch("/health");
    assert.deepEqual([health.status, await health.json()], [200, {
      status: "healthy",
      standby: false,
    }]);
  },
);
