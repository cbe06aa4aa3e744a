import assert from "node:assert/strict";
import { readReference, SCENE } from "../support/model/address.ts";
import { cellOf, geohashOf, isInside } from "../support/model/geohash.ts";
import { tidOf } from "../support/model/wire_identifier.ts";
import { idempotencyKeyOf } from "../support/model/identifier.ts";
import { readMoment, writeMoment } from "../support/model/moment.ts";
import { readSoakOptions } from "../soak.ts";

Deno.test("model: the geohash agrees with the reference vectors, also on cell borders", () => {
  assert.equal(geohashOf(47.6062, -122.3321, 6), "c23nb6");
  assert.equal(geohashOf(52.52, 13.405, 6), "u33dc0");
  assert.equal(geohashOf(51.5074, -0.1278, 6), "gcpvj0");
  assert.equal(geohashOf(0, 0, 6), "s00000");
  const cell = cellOf("u33dc0");
  assert.ok(cell && isInside(cell, 52.52, 13.405) && !isInside(cell, 52.53, 13.405));
  assert.equal(cellOf("u33da0"), null);
});

Deno.test("model: a time is read to the microsecond and must exist", () => {
  const us = readMoment("2026-08-20T15:00:01.0045129+05:30");
  assert.equal(us && writeMoment(us), "2026-08-20T09:30:01.004512Z");
  for (const text of ["2026-02-30T10:00:00Z", "2026-08-20T09:30:00", "2026-08-20", "tomorrow"]) {
    assert.equal(readMoment(text), null, text);
  }
});

Deno.test("model: a reference is an AT-URI of its target or a bare rkey, and nothing else", () => {
  assert.deepEqual(readReference("s1", SCENE), { form: "bare", rkey: "s1" });
  assert.equal(readReference(`at://did:plc:a/${SCENE}/s1`, SCENE)?.form, "uri");
  for (
    const text of ["at://a.test/app.subcult.scene/s1", "at://did:plc:a/app.x.y/s1", "a/b", "."]
  ) {
    assert.equal(readReference(text, SCENE), null, text);
  }
});

Deno.test("model: TIDs are well-formed and sort by time", () => {
  const [one, two] = [tidOf(1_787_218_201_000_000, 1023), tidOf(1_787_218_201_000_001, 0)];
  const TID = /^[2-7a-j][2-7a-z]{12}$/;
  assert.ok(TID.test(one) && TID.test(two) && one < two);
});

Deno.test("R-08 model: the idempotency key is the one of the original's vector", () => {
  const address = { did: "did:plc:test", collection: "app.subcult.scene", rkey: "scene1" };
  assert.equal(
    idempotencyKeyOf({ ...address, rev: "rev1" }),
    "9b858e013ea97e674498af569916ed52dbe5a60f34db25650fa4f3c18048e54f",
  );
});

Deno.test("soak: a seed alone is run once, with minutes the run continues from it, and invalid options are rejected", () => {
  assert.deepEqual(readSoakOptions(["--seed", "7"]), { minutes: 10, seed: 7, once: true });
  const both = readSoakOptions(["--minutes=0.5", "--seed=7"]);
  assert.deepEqual(both, { minutes: 0.5, seed: 7, once: false });
  assert.deepEqual(readSoakOptions([], 42), { minutes: 10, seed: 42, once: false });
  assert.throws(() => readSoakOptions(["--minutes", "soon"]), /--minutes: got soon/);
  assert.throws(() => readSoakOptions(["--seed", "1.5"]), /--seed: got 1.5/);
});
