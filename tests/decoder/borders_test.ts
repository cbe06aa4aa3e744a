/** Limits of the decoder, each at the limit and one beyond. */

import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { cborEnd, CborError } from "../../lib/decoder/cbor/check_cbor.ts";
import { DEFAULT_LIMITS, messageRefusal } from "../../lib/decoder/limits.ts";
import {
  CID,
  commitMessage,
  commitText,
  DID,
  only,
  onlyCommit,
  onlyMalformed,
  reasonOf,
  TIME_US,
  v1,
  v2,
  v2Text,
} from "../support/decoder_samples.ts";

/** v1 with the keys in the order that servers write, which the prefilter knows. */
function usualCommit(collection: string): string {
  const { kind, commit } = commitMessage({ collection });
  return JSON.stringify({ did: DID, time_us: TIME_US, kind, commit });
}

Deno.test("a commit with an empty collection is malformed, not foreign", () => {
  const message = usualCommit("");
  assert.equal(v1().isForeign(message), false);
  assert.equal(reasonOf(v1(), message), "missing_field");
});

Deno.test("a foreign message above the limit is refused as too large, like any other", () => {
  const message = usualCommit("app.bsky.feed.post");
  const within = v1({ limits: { messageBytes: message.length } });
  assert.equal(within.isForeign(message), true);
  const above = v1({ limits: { messageBytes: message.length - 1 } });
  assert.equal(above.isForeign(message), false);
  assert.equal(reasonOf(above, message), "message_too_large");
});

Deno.test("the limit of a message counts bytes of UTF-8, three for a character where it takes three", () => {
  const most = Math.floor(DEFAULT_LIMITS.messageBytes / 3);
  assert.equal(messageRefusal("€".repeat(most), DEFAULT_LIMITS), null);
  const refusal = messageRefusal("€".repeat(most + 1), DEFAULT_LIMITS);
  assert.equal(refusal?.reason, "message_too_large");
});

Deno.test("a link at the deepest level of a record is JSON on every wire", () => {
  const levels = DEFAULT_LIMITS.recordDepth - 1;
  const nested = (depth: number): unknown =>
    depth === 0 ? { $link: CID } : { a: nested(depth - 1) };
  const record = nested(levels);
  assert.deepEqual(onlyCommit(v1(), encode(commitMessage({ record }))).record, record);
  assert.deepEqual(onlyCommit(v1(), commitText({ record })).record, record);
  const deeper = commitMessage({ record: nested(levels + 1) });
  assert.equal(reasonOf(v1(), encode(deeper)), "record_too_deep");
});

Deno.test("an account's status is kept if it consists of words, not if it could contain a place", () => {
  const statusOf = (status: unknown): unknown => {
    const account = { active: false, status };
    const event = only(v1(), JSON.stringify({ did: DID, time_us: 1, kind: "account", account }));
    return event.kind === "account" ? event.status : event;
  };
  for (const status of ["takendown", "app.example/suspended: by owner", "x"]) {
    assert.equal(statusOf(status), status);
  }
  for (const status of ["at 52", "4", "", "ends with a space ", "a".repeat(129), 5]) {
    assert.equal(statusOf(status), null);
  }
  assert.equal(statusOf("a".repeat(128)), "a".repeat(128));
});

Deno.test("DID, collection and rkey may have 2,600 bytes together, and not one more", () => {
  const did = `did:plc:${"a".repeat(2040)}`;
  const collection = `app.subcult.${"x".repeat(40)}`;
  const reason = (rkeyLength: number): string =>
    reasonOf(v1(), commitText({ collection, rkey: "k".repeat(rkeyLength) }, { did }));
  assert.equal(did.length + collection.length + 500, 2600);
  assert.equal(reason(500), "taken");
  assert.equal(reason(501), "address_too_long");
});

Deno.test("CBOR may have as many items as allowed, and not one more", () => {
  const four = encode([1, 2, 3]);
  assert.equal(cborEnd(four, { depthMax: 1, itemsMax: 4 }), four.length);
  assert.throws(
    () => cborEnd(four, { depthMax: 1, itemsMax: 3 }),
    (error) => error instanceof CborError && error.fault === "items",
  );
});

Deno.test("an invalid account event names its account, for every kind; an invalid commit doesn't", () => {
  const head = { seq: 7, did: DID, time: "2026-08-20T09:30:01.004512Z" };
  const broken = { did: DID, active: "no", handle: 5, rev: "" };
  for (const kind of ["identity", "account", "sync"]) {
    const event = onlyMalformed(v2(), v2Text(kind, { ...head, [kind]: broken }));
    assert.equal(event.account, DID, kind);
  }
  assert.equal(onlyMalformed(v1(), commitText({ rkey: "" })).account, undefined);
});
