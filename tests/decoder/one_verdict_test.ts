/** On every protocol a record is accepted or rejected equally, and becomes the same JSON. */

import assert from "node:assert/strict";
import { Block } from "../../lib/decoder/archive/block.ts";
import { eventsOf } from "../../lib/decoder/archive/block_events.ts";
import type { Commit, Event } from "../../lib/decoder/event.ts";
import {
  type Both,
  double,
  head,
  integer,
  link,
  list,
  object,
  text,
} from "../support/both_encodings.ts";
import { blockBody, concat, EVERYTHING, recordRow } from "../support/decoder_binary_samples.ts";
import { onEveryWire } from "../support/every_wire.ts";
import { seededRandom } from "../support/seeded_random.ts";

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

/** The same result of all protocols: the record, or the reason of its rejection. Fails when they differ. */
function verdict(record: Both, what: string): unknown {
  const verdicts = Object.entries(onEveryWire(record)).map(([wire, event]) => {
    const { record, refusal } = commitOf(event);
    return [wire, refusal?.reason ?? record] as const;
  });
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

Deno.test("an integer beyond 2^53 in an unread field is stored as the text of its digits", () => {
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

Deno.test("a double beyond 2^53 stays that double", () => {
  for (const value of [1e20, -1e300, 2 ** 53, 1.7976931348623157e308, 5e-324, 0.1]) {
    assert.deepEqual(verdict(scene(double(value)), `${value}`), {
      name: "Tide tables",
      unread: value,
    });
  }
});

Deno.test("any values in unread fields are judged equally on all protocols", () => {
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

Deno.test("invalid DAG-CBOR is still rejected beside such values", () => {
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
