/**
 * The syntax of the network's identifiers and data as facts: what must pass and what must not. Where we
 * differ from the network on purpose, a comment says so.
 */

import assert from "node:assert/strict";
import { isDid, isHandle, isNsid, isRev, isRkey } from "../../lib/decoder/address.ts";
import { isCidText } from "../../lib/decoder/cbor/cid.ts";
import { parseReference } from "../../lib/mapper/reference.ts";
import { normalizeTime } from "../../lib/mapper/timestamp.ts";
import { commitText, onlyCommit, v1 } from "../support/decoder_samples.ts";

interface Facts {
  readonly what: string;
  readonly passes: (text: string) => boolean;
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
}

const label = (length: number): string => "l".repeat(length);
const isReference = (text: string): boolean => {
  const parsed = parseReference(text, "app.subcult.scene");
  return "kind" in parsed && parsed.kind === "uri";
};

/** Around any text that is valid these make it invalid. */
const AROUND: readonly ((text: string) => string)[] = [
  (text) => ` ${text}`,
  (text) => `${text} `,
  (text) => `${text}\n`,
  (text) => `\0${text}`,
  (text) => `${text}é`,
  (text) => `${text}\u200b`,
];

const FACTS: readonly Facts[] = [
  {
    what: "DID",
    passes: isDid,
    valid: [
      "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
      "did:web:scene.example.com",
      "did:web:localhost%3A8443",
      "did:web:example.com:users:ann",
      "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
      "did:method:a.b-c_d",
      "did:method::::x",
      `did:web:${label(2040)}`,
    ],
    invalid: [
      "",
      "did",
      "did:plc",
      "did:plc:",
      "did::x",
      "plc:did:x",
      "DID:plc:x",
      "did:PLC:x",
      "did:p1c:x",
      "did:plc:x:",
      "did:plc:x%",
      "did:plc:x/y",
      "did:plc:x?y",
      "did:plc:x#y",
      "did:plc:x@y",
      `did:web:${label(2041)}`,
    ],
  },
  {
    what: "NSID",
    passes: isNsid,
    valid: [
      "app.subcult.scene",
      "com.example.fooBar",
      "net.users.bob.ping",
      "a.b.c",
      "a-0.b-1.c",
      "cn.8.lex",
      "onion.g2zyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.thing",
      `com.${label(63)}.foo`,
      `com.example.${label(63)}`,
    ],
    invalid: [
      "",
      "app",
      "app.subcult",
      "app.subcult.",
      ".app.subcult.scene",
      "app..scene",
      "app.subcult.sc-ene",
      "app.subcult.scene1two.3",
      "app.subcult.3scene",
      "1app.subcult.scene",
      "app.-subcult.scene",
      "app.subcult-.scene",
      "app.subcult.*",
      "app.subcult.scene_two",
      "app/subcult/scene",
      `com.${label(64)}.foo`,
      `com.example.${label(64)}`,
      `${`${label(60)}.`.repeat(5)}${label(20)}`,
    ],
  },
  {
    what: "record key",
    passes: isRkey,
    valid: [
      "self",
      "3jui7kd54zh2y",
      "a",
      "A",
      "-",
      "_",
      "~",
      ":",
      "...",
      "pre:fix",
      "~1.2-3_",
      label(512),
    ],
    invalid: [
      "",
      ".",
      "..",
      "a/b",
      "a b",
      "a+b",
      "a@b",
      "(a)",
      '"a"',
      "a=",
      "a%20",
      "#",
      label(513),
    ],
  },
  {
    what: "handle",
    passes: isHandle,
    valid: [
      "ann.test",
      "A.Example.COM",
      "a.co",
      "4chan.example",
      "8.cn",
      "xn--bcher-kva.example",
      "stack.xn--com",
      "a--b.example",
      "120.0.0.1.com",
      "site.onion",
      "handle.invalid",
      `${label(63)}.test`,
      `${`${label(60)}.`.repeat(4)}tests`,
    ],
    invalid: [
      "",
      "ann",
      "com",
      ".ann.test",
      "ann.test.",
      "a..b",
      "-x.test",
      "x-.test",
      "ann.-test",
      "ann.te-",
      "ann.t_st",
      "ann.0",
      "ann.8te",
      "127.0.0.1",
      "192.168.0.142",
      "fe80::1",
      "[::1]",
      "ann@test.example",
      "did:plc:x",
      "bücher.example",
      "xn--bcher-.tld",
      `${label(64)}.test`,
      `${`${label(60)}.`.repeat(4)}testtestss`,
    ],
  },
  {
    what: "time",
    passes: (text) => normalizeTime(text) !== null,
    valid: [
      "1985-04-12T23:20:50Z",
      "1985-04-12T23:20:50.1Z",
      "1985-04-12T23:20:50.123456789012Z",
      "1985-04-12T23:20:50.123+01:45",
      "1985-04-12T23:20:50.123-07:00",
      "0001-01-01T00:00:00.000Z",
      "3001-12-31T23:00:00.000Z",
      // Beyond the network's own rule: RFC 3339 has it, and what is meant is clear.
      "1985-04-12T23:20:50-00:00",
    ],
    invalid: [
      "",
      "1985-04-12",
      "1985-04-12T23:20Z",
      "1985-04-12T23:20:50",
      "1985-04-12T23:20:50.123",
      "1985-04-12T23:20:50.Z",
      "1985-04-12T23:20:50z",
      "1985-04-12t23:20:50Z",
      "1985-04-12 23:20:50Z",
      "1985-04-12_23:20:50Z",
      "985-04-12T23:20:50Z",
      "1985-4-12T23:20:50Z",
      "1985-04-12T3:20:50Z",
      "1985-04-012T23:20:50Z",
      "1985-04-12T23:20:50+0000",
      "1985-04-12T23:20:50+00",
      "1985-04-12T23:20:50+0:00",
      "+001985-04-12T23:20:50Z",
      "-000001-12-31T23:00:00Z",
      "1985-00-12T23:20:50Z",
      "1985-13-12T23:20:50Z",
      "1985-04-00T23:20:50Z",
      "1985-04-12T25:20:50Z",
      "1985-04-12T23:99:50Z",
      "1985-04-12T23:20:61Z",
      // Less than the network's rule: Postgres has no year 0.
      "0000-01-01T00:00:00Z",
      "0000-01-01T00:00:00+01:00",
    ],
  },
  {
    what: "CID",
    passes: isCidText,
    valid: [
      "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
      "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq",
      "zBwWX92hi8i1SsBQ1AQpZQuqNQ5ZBJFaqGJYgfPHeT8SnHxnTwcHbdmi5",
      "f01551220c3c4733ec8affd06cf9e9ff50ffc6bcd2ec85a6170004bb709669c31de94391a",
      // Beyond the network's rule: version 0 is a CID all the same, and a record may link to one.
      "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
    ],
    invalid: [
      "",
      ".",
      "noop",
      "12345",
      "example.com",
      "cid:bafybeigdyrzt5sfp",
      "bafy beigdyrzt5sfp",
    ],
  },
  {
    what: "reference by AT-URI",
    passes: isReference,
    valid: [
      "at://did:plc:abc/app.subcult.scene/3jui7kd54zh2y",
      "at://did:web:localhost%3A8443/app.subcult.scene/self.",
      "at://did:abc:123/app.subcult.scene/~",
      "at://did:abc:123/app.subcult.scene/...",
      `at://did:abc:123/app.subcult.scene/${label(512)}`,
    ],
    invalid: [
      "",
      "at://",
      "AT://did:plc:abc/app.subcult.scene/a",
      "at:/did:plc:abc/app.subcult.scene/a",
      "at//did:plc:abc/app.subcult.scene/a",
      "http://did:plc:abc/app.subcult.scene/a",
      "at://did:plc:abc",
      "at://did:plc:abc/app.subcult.scene",
      "at://did:plc:abc/app.subcult.scene/",
      "at://did:plc:abc/app.subcult.scene/a/",
      "at://did:plc:abc/app.subcult.scene/a/b",
      "at://did:plc:abc/app.subcult.scene//a",
      "at://did:plc:abc//app.subcult.scene/a",
      "at://did:plc:abc/app.subcult.scene/.",
      "at://did:plc:abc/app.subcult.scene/..",
      "at://did:plc:abc/app.subcult.scene/%30",
      "at://did:plc:abc/app.subcult.scene/$",
      "at://did:plc:abc/app.subcult.scene/@a",
      "at://did:plc:abc/app.subcult.scene/a#b",
      "at://did:plc:abc/app.subcult.scene/a?b",
      "at://diD:plc:abc/app.subcult.scene/a",
      // Less than the network's rule: a handle can change hands.
      "at://ann.example/app.subcult.scene/a",
    ],
  },
];

for (const { what, passes, valid, invalid } of FACTS) {
  Deno.test(`interop: every valid ${what} passes, and nothing else does`, () => {
    for (const text of valid) {
      assert.ok(passes(text), JSON.stringify(text));
      for (const spoil of AROUND) assert.ok(!passes(spoil(text)), JSON.stringify(spoil(text)));
    }
    for (const text of invalid) assert.ok(!passes(text), JSON.stringify(text));
  });
}

Deno.test("interop: a revision is a TID, or another word that compares as bytes do", () => {
  // Only the byte order of revisions matters, because test servers number in other ways.
  for (const rev of ["3jzfcijpj2z2a", "7777777777777", "2222222222222", "rev1"]) {
    assert.ok(isRev(rev));
  }
  for (const rev of ["", "3jzfcijpj2z2a ", "3jzf/cij", "é"]) assert.ok(!isRev(rev));
  assert.ok("3jzfcijpj2z2a" < "3jzfcijpj2z2b" && "3zzzzzzzzzzzz" < "4222222222222");
});

Deno.test("interop: values of the data model are kept unchanged, and so are JSON values outside of it", () => {
  const kept = [
    { $type: "app.subcult.scene", a: 123, b: "blah" },
    { a: [], b: {} },
    { arr: [1, 2, null, [null], [[]]] },
    { nothing: null, no: false },
    { bytes: { $bytes: "nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0" } },
    { link: { $link: "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity" } },
    // The network's servers reject these; an unread field does not make our record invalid.
    { float: 123.456 },
    { $type: null },
    { $type: "" },
    { link: { $link: "." } },
    { link: { $link: 1234, other: "blah" } },
    { bytes: { $bytes: [1, 2, 3] } },
    { blob: { $type: "blob", mimeType: "image/jpeg", size: "10000" } },
  ];
  for (const fields of kept) {
    const record = { name: "A scene", ...fields };
    assert.deepEqual(onlyCommit(v1(), commitText({ record })).record, record);
  }
  for (const record of ["blah", 5, true, ["a"]]) {
    assert.equal(onlyCommit(v1(), commitText({ record })).refusal?.reason, "invalid_record");
  }
});
