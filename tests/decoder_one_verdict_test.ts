/** A record is taken or refused alike, and becomes the same JSON, whichever wire it comes on. */

import { CidLinkWrapper, encode } from "@atcute/cbor";
import { toBase32, toBase58Btc } from "@atcute/multibase";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Block } from "../lib/decoder/block.ts";
import { eventsOf } from "../lib/decoder/block_events.ts";
import type { Commit, Event } from "../lib/decoder/event.ts";
import { createFirehoseDecoder } from "../lib/decoder/firehose.ts";
import {
  blockBody,
  carOf,
  concat,
  EVERYTHING,
  firehoseFrame,
  linkTo,
  recordRow,
} from "./decoder_binary_samples.ts";
import { toBytes } from "@atcute/cbor";
import { commitMessage, commitText, DID, only, REV, v1, v2, v2Text } from "./decoder_samples.ts";
import { seededRandom } from "./seeded_random.ts";

/** A value as JSON text and as DAG-CBOR. */
interface Both {
  readonly json: string;
  readonly cbor: Uint8Array;
}

function head(type: number, argument: bigint): Uint8Array {
  if (argument < 24n) return Uint8Array.of(type << 5 | Number(argument));
  const [info, width] = argument < 0x100n
    ? [24, 1]
    : argument < 0x1_0000n
    ? [25, 2]
    : argument < 0x1_0000_0000n
    ? [26, 4]
    : [27, 8];
  const bytes = Array.from(
    { length: width },
    (_, at) => Number(argument >> BigInt(8 * (width - 1 - at)) & 255n),
  );
  return Uint8Array.of(type << 5 | info, ...bytes);
}

function integer(value: bigint): Both {
  return { json: `${value}`, cbor: value < 0n ? head(1, -1n - value) : head(0, value) };
}

function double(value: number): Both {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  // With an exponent, so that it reads as a double in JSON too.
  return { json: value.toExponential(), cbor: concat(Uint8Array.of(0xfb), bytes) };
}

function text(value: string): Both {
  const bytes = new TextEncoder().encode(value);
  return { json: JSON.stringify(value), cbor: concat(head(3, BigInt(bytes.length)), bytes) };
}

function list(...items: readonly Both[]): Both {
  return {
    json: `[${items.map(({ json }) => json).join(",")}]`,
    cbor: concat(head(4, BigInt(items.length)), ...items.map(({ cbor }) => cbor)),
  };
}

function object(members: Readonly<Record<string, Both>>): Both {
  const sorted = Object.entries(members).toSorted(([a], [b]) =>
    a.length - b.length || (a < b ? -1 : 1)
  );
  return {
    json: `{${sorted.map(([key, { json }]) => `${JSON.stringify(key)}:${json}`).join(",")}}`,
    cbor: concat(
      head(5, BigInt(sorted.length)),
      ...sorted.flatMap(([key, { cbor }]) => [text(key).cbor, cbor]),
    ),
  };
}

/** A link to a CID, and its text. */
function link(cid: Uint8Array): Both {
  const written = cid[0] === 0x12 ? toBase58Btc(cid) : `b${toBase32(cid)}`;
  const bytes = concat(Uint8Array.of(0), cid);
  return {
    json: JSON.stringify({ $link: written }),
    cbor: concat(Uint8Array.of(0xd8, 42), head(2, BigInt(bytes.length)), bytes),
  };
}

const digest = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, at) => at * 7);

const CIDS: Readonly<Record<string, Uint8Array>> = {
  "DAG-CBOR, SHA-256": concat(Uint8Array.of(1, 0x71, 0x12, 32), digest(32)),
  "raw, SHA-256": concat(Uint8Array.of(1, 0x55, 0x12, 32), digest(32)),
  "dag-pb, SHA-256": concat(Uint8Array.of(1, 0x70, 0x12, 32), digest(32)),
  "version 0": concat(Uint8Array.of(0x12, 32), digest(32)),
  "SHA-512": concat(Uint8Array.of(1, 0x71, 0x13, 64), digest(64)),
  "BLAKE3": concat(Uint8Array.of(1, 0x55, 0x1e, 32), digest(32)),
  "BLAKE2b-256": concat(Uint8Array.of(1, 0x71, 0xa0, 0xe4, 0x02, 32), digest(32)),
  "identity of 3 bytes": concat(Uint8Array.of(1, 0x55, 0, 3), digest(3)),
};

function commitOf(event: Event | undefined): Commit {
  assert.ok(event?.kind === "commit", JSON.stringify(event));
  return event;
}

/** The commit that a record becomes, by wire. */
function onAllWires(record: Both): Readonly<Record<string, Commit>> {
  const mark = "HERE THE RECORD";
  const v1Text = commitText({ record: mark }).replace(`"${mark}"`, record.json);
  const v2Frame = v2Text("commit", {
    seq: 5,
    time: "2026-08-20T09:30:01.004512Z",
    did: DID,
    ...Object(commitMessage({ record: mark }).commit),
  }).replace(`"${mark}"`, record.json);
  // Encoded with a text in the place of the record, which is written over.
  const envelope = encode(commitMessage({ record: mark }));
  const marked = text(mark).cbor;
  const at = envelope.findIndex((_, start) =>
    marked.every((byte, offset) => envelope[start + offset] === byte)
  );
  const v1Cbor = concat(
    envelope.subarray(0, at),
    record.cbor,
    envelope.subarray(at + marked.length),
  );
  const block = new Block(blockBody([recordRow(1, { payload: record.cbor })]));
  const [archived] = eventsOf(block, EVERYTHING).events;
  const [fromFirehose] = createFirehoseDecoder(EVERYTHING).decode(firehose(record.cbor));
  return {
    "v1 JSON": commitOf(only(v1(), v1Text)),
    "v1 JSON in bytes": commitOf(only(v1(), new TextEncoder().encode(v1Text))),
    "v1 CBOR": commitOf(only(v1(), v1Cbor)),
    "v2 JSON": commitOf(only(v2(), v2Frame)),
    archive: commitOf(archived),
    firehose: commitOf(fromFirehose),
  };
}

function firehose(record: Uint8Array): Uint8Array {
  const sha256 = createHash("sha256").update(record).digest();
  const cid = new CidLinkWrapper(concat(Uint8Array.of(1, 0x71, 0x12, 32), sha256));
  const commit = encode({
    did: DID,
    rev: REV,
    version: 3,
    prev: null,
    data: cid,
    sig: toBytes(new Uint8Array(64)),
  });
  const blocks = [[linkTo(commit), commit], [cid, record]] as const;
  return firehoseFrame({ op: 1, t: "#commit" }, {
    seq: 7,
    repo: DID,
    rev: REV,
    commit: linkTo(commit),
    blocks: toBytes(carOf([linkTo(commit)], blocks)),
    ops: [{ action: "create", path: "app.subcult.scene/scene1", cid }],
    time: "2026-08-20T09:30:01.004512Z",
  });
}

/** Fails unless all wires agree; the record that they agree on, or the reason of its refusal. */
function verdict(record: Both, what: string): unknown {
  const verdicts = Object.entries(onAllWires(record)).map(([wire, { record, refusal }]) =>
    [wire, refusal?.reason ?? record] as const
  );
  const [first] = verdicts;
  for (const [wire, found] of verdicts) {
    assert.deepEqual(found, first?.[1], `${what}: ${first?.[0]} and ${wire} differ`);
  }
  return first?.[1];
}

function scene(unread: Both): Both {
  return object({ name: text("Tide tables"), unread });
}

Deno.test("a link is kept, whatever the codec and the hash of its CID", () => {
  for (const [name, cid] of Object.entries(CIDS)) {
    const one = link(cid);
    for (const at of [one, list(integer(1n), one, text("after")), object({ deep: list(one) })]) {
      assert.deepEqual(verdict(scene(at), name), {
        name: "Tide tables",
        unread: JSON.parse(at.json),
      });
    }
  }
});

Deno.test("an integer beyond 2^53 in a field that nobody reads is kept as the text of its digits", () => {
  const limit = 2n ** 53n;
  const large = [
    limit,
    limit + 1n,
    2n ** 63n - 1n,
    2n ** 64n - 1n,
    -limit,
    -limit - 1n,
    -(2n ** 64n),
  ];
  for (const value of large) {
    const kept = verdict(scene(list(integer(value), object({ a: integer(value) }))), `${value}`);
    const digits = `${value}`;
    assert.deepEqual(kept, { name: "Tide tables", unread: [digits, { a: digits }] });
  }
  for (const value of [limit - 1n, 1n - limit, 0n, -1n]) {
    const kept = verdict(scene(integer(value)), `${value}`);
    assert.deepEqual(kept, { name: "Tide tables", unread: Number(value) });
  }
});

Deno.test("a double beyond 2^53 is the double that it is", () => {
  for (const value of [1e20, -1e300, 2 ** 53, 1.7976931348623157e308, 5e-324, 0.1]) {
    assert.deepEqual(verdict(scene(double(value)), `${value}`), {
      name: "Tide tables",
      unread: value,
    });
  }
});

Deno.test("any values in unread fields are judged alike on all wires", () => {
  const seed = Date.now() % 1_000_000;
  const next = seededRandom(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const cids = Object.values(CIDS);
  const value = (depth: number): Both => {
    switch (below(depth > 3 ? 5 : 7)) {
      case 0:
        return integer((next() < 0.5 ? -1n : 1n) * 2n ** BigInt(below(64)) + BigInt(below(3) - 1));
      case 1:
        return double((next() - 0.5) * 10 ** (below(600) - 300));
      case 2:
        return text(["é", "plain", ""][below(3)] ?? "");
      case 3:
        return link(cids[below(cids.length)] ?? digest(0));
      case 4:
        return text("a".repeat(below(300)));
      case 5:
        return list(...Array.from({ length: below(4) }, () => value(depth + 1)));
    }
    return object(Object.fromEntries(
      Array.from(
        { length: below(4) },
        (_, index) => [`k${index}${"x".repeat(below(9))}`, value(depth + 1)],
      ),
    ));
  };
  for (let round = 0; round < 300; round++) {
    const unread = value(0);
    verdict(scene(unread), `seed ${seed}, round ${round}: ${unread.json.slice(0, 500)}`);
  }
});

Deno.test("what is not DAG-CBOR at all stays refused beside such values", () => {
  const large = integer(2n ** 60n).cbor;
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["a key that is an integer", concat(head(5, 1n), large, text("x").cbor)],
    ["another tag", concat(head(4, 2n), large, Uint8Array.of(0xc1), integer(1n).cbor)],
    [
      "a link without its zero",
      concat(head(4, 2n), large, Uint8Array.of(0xd8, 42, 0x43, 1, 0x55, 0)),
    ],
    [
      "a link to half a CID",
      concat(head(4, 2n), large, Uint8Array.of(0xd8, 42, 0x44, 0, 1, 0x55, 0x12)),
    ],
    ["a link that is text", concat(head(4, 2n), large, Uint8Array.of(0xd8, 42), text("bafy").cbor)],
    ["an integer longer than it must be", concat(head(4, 2n), large, Uint8Array.of(0x18, 1))],
    ["not a number", concat(head(4, 2n), large, Uint8Array.of(0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0))],
  ];
  for (const [what, cbor] of wrong) {
    const record = scene({ json: "null", cbor });
    const block = new Block(blockBody([recordRow(1, { payload: record.cbor })]));
    const commit = commitOf(eventsOf(block, EVERYTHING).events[0]);
    assert.equal(commit.refusal?.reason, "invalid_record", what);
  }
});
