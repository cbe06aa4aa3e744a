import assert from "node:assert/strict";
import { isDid, isHandle, isNsid, isRev, isRkey } from "../../lib/decoder/address.ts";
import { commitText, reasonOf, v1 } from "../support/decoder_samples.ts";

Deno.test("a DID has a method and an identifier, in the specification's characters", () => {
  for (
    const did of ["did:plc:abc", "did:web:example.com", "did:web:localhost%3A1234", "did:x:a:b_-.c"]
  ) {
    assert.equal(isDid(did), true, did);
  }
  for (
    const did of [
      "",
      "did:",
      "did:plc",
      "did:plc:",
      "did:PLC:abc",
      "DID:plc:abc",
      "did:plc:abc:",
      "did:plc:abc%",
      "did:plc:a b",
      "did:plc:abc\n",
      "did:plc:a\u0000",
      "did:plc:é",
      "did:plc:a';drop table records--",
      "did:plc:<script>",
      5,
      null,
      ["did:plc:abc"],
    ]
  ) assert.equal(isDid(did), false, String(did));
});

Deno.test("a collection is an NSID of at least three labels and at most 317 characters", () => {
  for (const nsid of ["app.subcult.scene", "a.b.c", "com.example-x.fooBar2", "a.0.c"]) {
    assert.equal(isNsid(nsid), true, nsid);
  }
  for (
    const nsid of [
      "",
      "a.b",
      "app.subcult.",
      "app..scene",
      ".app.subcult.scene",
      "app.subcult.sc-ene",
      "app.subcult.1scene",
      "1app.subcult.scene",
      "app.-sub.scene",
      "app.sub-.scene",
      "app.subcult.scene\n",
      "app.subcult.scène",
      `app.subcult.${"x".repeat(64)}`,
      "app." + "subcult.".repeat(40) + "scene",
    ]
  ) assert.equal(isNsid(nsid), false, nsid);
});

Deno.test("a record key has 1 to 512 characters of its alphabet, the colon among them", () => {
  for (
    const rkey of [
      "self",
      "3mwztfqjv7c2a",
      "did:plc:x::did:web:y",
      "a.b~c_d-e",
      "...",
      "x".repeat(512),
    ]
  ) {
    assert.equal(isRkey(rkey), true, rkey);
  }
  for (
    const rkey of ["", ".", "..", "a/b", "a b", "a\u0000", "a@b", "é", "k\n", "x".repeat(513), 5]
  ) {
    assert.equal(isRkey(rkey), false, String(rkey));
  }
});

Deno.test("a revision may be other text than a TID, in a safe alphabet", () => {
  for (const rev of ["3mwztfqk2ws2a", "rev1", "1", "x".repeat(255)]) assert.equal(isRev(rev), true);
  for (const rev of ["", "a b", "a\u0000", "x".repeat(256), "é", 1]) {
    assert.equal(isRev(rev), false);
  }
});

Deno.test("a handle is a host name", () => {
  for (const handle of ["tides.example.com", "handle.invalid", "A-b.example"]) {
    assert.equal(isHandle(handle), true, handle);
  }
  for (const handle of ["", "-a.b", "a b", "a\u0000.b", `${"a".repeat(254)}`, "<b>", 5]) {
    assert.equal(isHandle(handle), false, String(handle));
  }
});

Deno.test("a DID has at most 2,048 characters, a collection 317, a handle 253", () => {
  const label = `${"x".repeat(63)}.`;
  const nsid = (length: number): string => `${label.repeat(5).slice(0, length - 2)}.x`;
  const handle = (length: number): string => `${label.repeat(4).slice(0, length - 2)}.x`;
  const did = (length: number): string => "did:web:".padEnd(length, "x");
  assert.deepEqual([isDid(did(2_048)), isDid(did(2_049))], [true, false]);
  assert.deepEqual([isNsid(nsid(317)), isNsid(nsid(318))], [true, false]);
  assert.deepEqual([isHandle(handle(253)), isHandle(handle(254))], [true, false]);
  assert.deepEqual([nsid(318).length, handle(254).length], [318, 254]);
});

Deno.test("each invalid part of an address is rejected with its own reason", () => {
  assert.equal(reasonOf(v1(), commitText({}, { did: 7 })), "invalid_did");
  assert.equal(reasonOf(v1(), commitText({}, { did: "plc:abc" })), "invalid_did");
  assert.equal(
    reasonOf(v1(), commitText({ collection: "app.subcult.sc ene" })),
    "invalid_collection",
  );
  assert.equal(reasonOf(v1(), commitText({ collection: {} })), "invalid_collection");
  assert.equal(reasonOf(v1(), commitText({ rkey: "a/b" })), "invalid_rkey");
  assert.equal(reasonOf(v1(), commitText({ rkey: undefined })), "missing_field");
  assert.equal(reasonOf(v1(), commitText({ rev: "a b" })), "invalid_rev");
  assert.equal(reasonOf(v1(), commitText({ rev: undefined })), "missing_field");
});

Deno.test("no input makes the address syntax slow", () => {
  const inputs = [
    "did:plc:" + ":".repeat(2000),
    "a".repeat(317),
    "a-".repeat(150),
    "a.".repeat(158),
    "a." + "a-".repeat(150),
    "a".repeat(61) + "-".repeat(61) + ".".repeat(61),
  ];
  const start = performance.now();
  for (let i = 0; i < 1000; i++) {
    for (const input of inputs) [isDid, isNsid, isRkey, isRev, isHandle].forEach((is) => is(input));
  }
  // 30,000 checks; a second would be 33 µs each, and backtracking takes minutes.
  assert.ok(performance.now() - start < 1000);
});
