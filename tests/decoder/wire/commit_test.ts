import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { buildCommit } from "../../../lib/decoder/wire/commit.ts";
import type { CommitParts } from "../../../lib/decoder/wire/commit.ts";
import { CID, decoderOptions, DID, REV } from "../../support/decoder_samples.ts";

const PARTS: CommitParts = {
  did: DID,
  collection: "app.subcult.scene",
  rkey: "scene1",
  rev: REV,
  operation: "create",
  cid: CID,
  record: encode({ name: "Harbour", image: { $link: CID }, location: { lat: 1.5 } }),
  position: { cursor: 1, timeUs: 2 },
  raw: "row 1",
};

Deno.test("C-17 a record given as bytes is decoded, with the app's fractions", () => {
  const event = buildCommit(PARTS, decoderOptions());
  assert.ok(event.kind === "commit");
  const record = { name: "Harbour", image: { $link: CID }, location: { lat: 1.5 } };
  assert.deepEqual(event.record, record);
});

Deno.test("C-16 bytes that are no record are rejected, and the address is kept", () => {
  for (const record of [new Uint8Array(), Uint8Array.of(0xff), encode([1]), encode("text")]) {
    const event = buildCommit({ ...PARTS, record }, decoderOptions());
    assert.ok(event.kind === "commit");
    assert.equal(event.refusal?.reason, "invalid_record");
    assert.equal(event.rkey, "scene1");
  }
});

Deno.test("a foreign record is not decoded", () => {
  const record = Uint8Array.of(0xff);
  const event = buildCommit(
    { ...PARTS, collection: "app.bsky.feed.post", record },
    decoderOptions(),
  );
  assert.equal(event.kind, "foreign");
});

Deno.test("bytes that are too deep, or declare more than they hold, are refused undecoded", () => {
  const deep = Array.from({ length: 65 }).reduce<unknown>((inner) => ({ inner }), {});
  const declared = Uint8Array.of(0xa1, 0x61, 0x61, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0);
  const refusals = [encode(deep), declared].map((record) => {
    const event = buildCommit({ ...PARTS, record }, decoderOptions());
    assert.ok(event.kind === "commit");
    assert.deepEqual([event.record, event.remains], [null, null]);
    return event.refusal;
  });
  // The decoder reports only that it can't read them.
  assert.deepEqual(refusals, [
    { reason: "record_too_deep", detail: "the record is nested deeper than 64 levels" },
    { reason: "invalid_record", detail: "the record is not DAG-CBOR: truncated" },
  ]);
});

Deno.test("two malformed rows of one message have different fingerprints", () => {
  const [one, two] = ["row 1", "row 2"].map((raw) =>
    buildCommit({ ...PARTS, rkey: "a/b", raw }, decoderOptions())
  );
  assert.ok(one?.kind === "malformed" && two?.kind === "malformed");
  assert.notEqual(one.fingerprint, two.fingerprint);
  assert.equal(one.excerpt, two.excerpt);
});
