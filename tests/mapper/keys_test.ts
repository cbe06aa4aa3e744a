import assert from "node:assert/strict";
import { idempotencyKey } from "../../lib/mapper/idempotency_key.ts";
import { recordId } from "../../lib/mapper/record_id.ts";

const SCENE = { did: "did:plc:test", collection: "app.subcult.scene", rkey: "scene1" };

Deno.test("R-08 the idempotency key of a revision equals that of the old system", () => {
  assert.equal(
    idempotencyKey(SCENE, "rev1"),
    "9b858e013ea97e674498af569916ed52dbe5a60f34db25650fa4f3c18048e54f",
  );
});

Deno.test("R-08 the idempotency key depends on every part of a revision", () => {
  const keys = [
    idempotencyKey(SCENE, "rev1"),
    idempotencyKey(SCENE, "rev2"),
    idempotencyKey({ ...SCENE, rkey: "scene2" }, "rev1"),
    idempotencyKey({ ...SCENE, collection: "app.subcult.event" }, "rev1"),
    idempotencyKey({ ...SCENE, did: "did:plc:other" }, "rev1"),
    idempotencyKey({ ...SCENE, rkey: "scene1r" }, "ev1"),
    idempotencyKey({ ...SCENE, rkey: "a:b" }, "c"),
    idempotencyKey({ ...SCENE, rkey: "a" }, "b:c"),
  ];
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) assert.match(key, /^[0-9a-f]{64}$/);
});

Deno.test("the id of a record is a UUID of version 8 made of its key's SHA-256", () => {
  // SHA-256 of the key: b5546d6c9098bc2be67afb91639394e5…
  assert.equal(recordId(SCENE), "b5546d6c-9098-8c2b-a67a-fb91639394e5");
});

Deno.test("ids are stable, all different, and marked as version 8 of the RFC 9562 variant", () => {
  const ids = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const key = { ...SCENE, rkey: `r${i}` };
    assert.equal(recordId(key), recordId({ ...key }));
    assert.match(
      recordId(key),
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    ids.add(recordId(key));
  }
  assert.equal(ids.size, 2000);
});

Deno.test("R-03 the same did and rkey in another collection is another record", () => {
  assert.notEqual(recordId(SCENE), recordId({ ...SCENE, collection: "app.subcult.event" }));
});
