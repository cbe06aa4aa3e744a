import assert from "node:assert/strict";
import { parseReference } from "../../lib/mapper/reference.ts";

const SCENE = "app.subcult.scene";
const DID = "did:plc:abcdefghijklmnopqrstuvwx";

Deno.test("an AT-URI of the target's collection is a key", () => {
  for (
    const did of [
      DID,
      "did:web:example.com",
      "did:web:example.com%3A8080",
      `did:web:${"x".repeat(2040)}`,
    ]
  ) {
    for (const rkey of ["3l3qo2vuowo2b", "self", "did:plc:x::did:web:y", "~", "x".repeat(512)]) {
      assert.deepEqual(parseReference(`at://${did}/${SCENE}/${rkey}`, SCENE), {
        kind: "uri",
        key: { did, collection: SCENE, rkey },
      });
    }
  }
});

Deno.test("an rkey by itself is a bare reference", () => {
  for (
    const rkey of ["scene1", "3l3qo2vuowo2b", "a:b", "...", "_", "did:plc:abc", "x".repeat(512)]
  ) {
    assert.deepEqual(parseReference(rkey, SCENE), { kind: "bare", rkey });
  }
});

Deno.test("any other text as a reference is rejected, and not quoted", () => {
  const texts = [
    "",
    ".",
    "..",
    "a b",
    "a/b",
    "scène",
    "scene1\n",
    "' or 1=1 --",
    "x".repeat(513),
    "x".repeat(1_000_000),
    "at://",
    "AT://did:plc:abc/app.subcult.scene/a",
    `at://${DID}`,
    `at://${DID}/`,
    `at://${DID}/${SCENE}`,
    `at://${DID}/${SCENE}/`,
    `at://${DID}/${SCENE}/.`,
    `at://${DID}/${SCENE}/..`,
    `at://${DID}/${SCENE}/a/`,
    `at://${DID}/${SCENE}/a/b`,
    `at://${DID}/${SCENE}/a?b`,
    `at://${DID}/${SCENE}/a#b`,
    `at://${DID}/${SCENE}/a%20b`,
    `at://${DID}/${SCENE}/${"x".repeat(513)}`,
    `at://${DID}//a`,
    `at:///${SCENE}/a`,
    `at://${DID}/app.subcult.event/a`,
    `at://${DID}/app.subcult.scenes/a`,
    `at://${DID}/APP.subcult.scene/a`,
    `at://alice.example/${SCENE}/a`,
    `at://did:plc:/${SCENE}/a`,
    `at://did:PLC:abc/${SCENE}/a`,
    `at://did:plc:a b/${SCENE}/a`,
    `at://did:web:${"x".repeat(2041)}/${SCENE}/a`,
    `https://app.example/${SCENE}/a`,
  ];
  for (const text of texts) {
    const parsed = parseReference(text, SCENE);
    assert.ok("reason" in parsed, text.slice(0, 100));
    assert.equal(parsed.reason, "invalid_reference");
    assert.ok(parsed.detail.includes("expected") && parsed.detail.length < 200);
    assert.ok(text.length < 20 || !parsed.detail.includes(text));
  }
});
