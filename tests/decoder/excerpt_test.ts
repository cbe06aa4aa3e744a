import assert from "node:assert/strict";
import { excerptOfMessage, fingerprintOf } from "../../lib/decoder/excerpt.ts";
import { commitText, DID, onlyMalformed, REV, v1 } from "../support/decoder_samples.ts";

const LAT = "52.520008";
const LNG = "13.404954";
const GEOHASH = "u33dc0cpnwhe";

/** Any trace of the place: two digits in a row of a coordinate, or more than six of the geohash. */
function assertNoPlace(text: string): void {
  assert.doesNotMatch(text, /52\.|\.52|13\.|\.40|4954|0008/, text);
  assert.doesNotMatch(text, /u33dc0c|33dc0cp|cpnwhe/i, text);
}

Deno.test("a commit that can be parsed shows its address, and never its record", () => {
  const record = { location: { lat: Number(LAT), lng: Number(LNG) }, text: `${GEOHASH} ${LAT}` };
  const { excerpt } = onlyMalformed(v1(), commitText({ operation: "move", record }));
  assert.deepEqual(JSON.parse(excerpt), {
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
  });
});

Deno.test("a place in any field of a parsed message does not survive", () => {
  const place = `${LAT},${LNG} ${GEOHASH}`;
  const messages = [
    commitText({ rkey: place }),
    commitText({ rev: place }),
    commitText({ operation: GEOHASH }),
    commitText({ collection: { place } }),
    commitText({}, { did: place }),
    commitText({}, { time_us: place }),
    commitText({}, { kind: [place] }),
    commitText({ operation: place, [place]: place }, { [place]: place }),
    JSON.stringify([place, Number(LAT)]),
    JSON.stringify(place),
    LAT,
  ];
  for (const message of messages) {
    assertNoPlace(JSON.stringify(onlyMalformed(v1(), message).excerpt));
  }
});

Deno.test("a place in text that can't be parsed does not survive, however it is written", () => {
  const forms = [
    `{"lat":${LAT},"lng":${LNG}`,
    `${GEOHASH} ${GEOHASH.toUpperCase()} x${GEOHASH}x "${GEOHASH}"`,
    `${LAT.replace(".", ",")} ${LNG}e0 ${encodeURIComponent(`${LAT} ${LNG}`)}`,
    [...LAT].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join(""),
    [...LAT].map((c) => (c === "." ? c : String.fromCharCode(0x0660 + Number(c)))).join(""),
    [...LAT].map((c) => (c === "." ? c : String.fromCharCode(0xff10 + Number(c)))).join(""),
    [...LAT].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(Number(c)) || c).join(""),
    "x".repeat(2040) + GEOHASH,
    " ".repeat(2044) + GEOHASH,
    "9F4MGC22+22",
    "///filled.count.soap, 12 Warschauer Straße, \u0432\u0430\u0440\u0448\u0430\u0432\u0430",
  ];
  for (const form of forms) {
    const excerpt = excerptOfMessage(form);
    assertNoPlace(excerpt);
    assert.doesNotMatch(excerpt, /\p{N}/u);
    assert.doesNotMatch(excerpt, /[b-hjkmnp-z]{7,}/i);
    assert.doesNotMatch(excerpt, /soap|stra|\u0432/i);
  }
});

Deno.test("the outline of an unparsable message shows its structure, and none of its content", () => {
  const text = commitText({ record: { name: "Tide tables" } }).slice(0, -5);
  assert.equal(
    excerptOfMessage(text).slice(0, 117),
    '{"did":"did:plc:########################","time_us":################,"kind":"commit",' +
      '"commit":{"rev":"#############",',
  );
  assert.match(excerptOfMessage(text), /"collection":"app.subcult.scene".*"name":"#### ######"/);
});

Deno.test("an excerpt can be stored and logged, and has at most 2,048 characters", () => {
  const hostile = "\u0000\u001b[31m\r\nforged\u2028\u202e\ud800x\udc00 \ud83d\udca6 ";
  const excerpt = excerptOfMessage(hostile + "a".repeat(100_000));
  assert.equal(excerpt.length, 2048);
  assert.ok(excerpt.isWellFormed());
  assert.doesNotMatch(excerpt, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
  assert.ok(excerpt.includes("\ud83d\udca6"));
  // The cut does not leave half a pair.
  assert.ok(excerptOfMessage("i" + "\ud83d\udca6".repeat(2000)).isWellFormed());
  const long = onlyMalformed(
    v1(),
    commitText({ operation: "x" }, { did: `did:plc:${"a".repeat(2040)}` }),
  );
  assert.ok(long.excerpt.length <= 2048);
});

Deno.test("the fingerprint is the SHA-256 of the message's bytes", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(fingerprintOf(""), empty);
  assert.equal(fingerprintOf(new Uint8Array()), empty);
  assert.equal(fingerprintOf("é"), fingerprintOf(new TextEncoder().encode("é")));
});

Deno.test("an excerpt has at most 2,048 characters", () => {
  const length = (characters: number): number => excerptOfMessage("-".repeat(characters)).length;
  assert.deepEqual([2_047, 2_048, 2_049, 10_000].map(length), [2_047, 2_048, 2_048, 2_048]);
});
