import assert from "node:assert/strict";
import type { RecordKey } from "../../../lib/mapper/collection.ts";
import { encodeGeohash, geohashCell } from "../../../lib/mapper/geo/geohash.ts";
import { hmacSha256, jitteredPoint } from "../../../lib/mapper/jitter.ts";

const SECRET = "a secret of the operator's";

function key(rkey: string | number): RecordKey {
  return {
    did: "did:plc:abcdefghijklmnopqrstuvwx",
    collection: "app.subcult.scene",
    rkey: `${rkey}`,
  };
}

Deno.test("J-01 J-05 the same record has the same point, a hundred times", () => {
  const first = jitteredPoint(key("one"), "c23nb6", SECRET);
  for (let i = 0; i < 100; i++) {
    assert.deepEqual(jitteredPoint(key("one"), "c23nb6", SECRET), first);
  }
});

Deno.test("the point of a record never changes between versions of the program", () => {
  const [lng, lat] = jitteredPoint(key("one"), "c23nb6", SECRET);
  assert.equal(`${lng.toFixed(9)} ${lat.toFixed(9)}`, "-122.329354043 47.608745305");
});

Deno.test("J-02 different records, authors and collections have different points", () => {
  const keys = [
    key("one"),
    key("two"),
    { ...key("one"), did: "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz" },
    { ...key("one"), collection: "app.subcult.event" },
  ];
  const points = keys.map((key) => jitteredPoint(key, "c23nb6", SECRET).join());
  assert.equal(new Set(points).size, keys.length);
});

Deno.test("another secret gives another point", () => {
  assert.notDeepEqual(
    jitteredPoint(key("one"), "c23nb6", SECRET),
    jitteredPoint(key("one"), "c23nb6", "another secret"),
  );
});

Deno.test("a record that moves to another cell has another point inside it", () => {
  const inCell = (geohash: string): [number, number] => {
    const { south, north, west, east } = geohashCell(geohash);
    const [lng, lat] = jitteredPoint(key("one"), geohash, SECRET);
    return [(lng - west) / (east - west), (lat - south) / (north - south)];
  };
  const [here, there] = [inCell("c23nb6"), inCell("c23nb7")];
  assert.ok(Math.hypot(here[0] - there[0], here[1] - there[1]) > 1e-3);
});

Deno.test("J-03 J-11 the point is inside its cell, at the equator as at the poles", () => {
  for (
    const geohash of ["c23nb6", "s00000", "zzzzzz", "000000", "bpbpbp", "7zzzzz", "c2", "z", "0"]
  ) {
    for (let i = 0; i < 300; i++) {
      const [lng, lat] = jitteredPoint(key(i), geohash, SECRET);
      assert.equal(encodeGeohash(lat, lng, geohash.length), geohash);
    }
  }
});

Deno.test("J-06 J-07 points are in all quarters of the cell, away from its centre", () => {
  const { south, north, west, east } = geohashCell("c23nb6");
  const quarters = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const [lng, lat] = jitteredPoint(key(i), "c23nb6", SECRET);
    const [x, y] = [lng - (west + east) / 2, lat - (south + north) / 2];
    assert.ok(x !== 0 || y !== 0);
    quarters.add(`${Math.sign(x)} ${Math.sign(y)}`);
  }
  assert.equal(quarters.size, 4);
});

/**
 * Sum of squared deviations over the expected count, for points in 8 by 8 parts of equal area. Of
 * evenly spread points it exceeds 103.4 once in a thousand; secret and keys are fixed, so the
 * figures here are always the same.
 */
function chiSquare(geohash: string, partOfLatitude: (lat: number) => number): number {
  const { west, east } = geohashCell(geohash);
  const counts = new Array<number>(64).fill(0);
  const total = 12_800;
  for (let i = 0; i < total; i++) {
    const [lng, lat] = jitteredPoint(key(i), geohash, SECRET);
    const column = Math.floor((lng - west) / (east - west) * 8);
    const row = Math.min(7, Math.floor(partOfLatitude(lat) * 8));
    counts[row * 8 + column] = (counts[row * 8 + column] ?? 0) + 1;
  }
  const expected = total / 64;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function areaBelow(geohash: string): (lat: number) => number {
  const { south, north } = geohashCell(geohash);
  const sin = (degrees: number): number => Math.sin(degrees * Math.PI / 180);
  return (lat) => (sin(lat) - sin(south)) / (sin(north) - sin(south));
}

Deno.test("J-17 points are spread evenly over the area of the cell", () => {
  for (const geohash of ["c23nb6", "s00000", "upbpbp", "u"]) {
    assert.ok(chiSquare(geohash, areaBelow(geohash)) < 103.4, geohash);
  }
});

Deno.test("J-17 the test of the distribution distinguishes area from degrees", () => {
  // The cell `u` reaches from 45° to the pole: even steps of latitude are far from even areas.
  const { south, north } = geohashCell("u");
  assert.ok(chiSquare("u", (lat) => (lat - south) / (north - south)) > 1000);
});

Deno.test("the points of two records are not correlated", () => {
  let product = 0;
  const total = 5000;
  for (let i = 0; i < total; i++) {
    const { south, north } = geohashCell("c23nb6");
    const up = (rkey: number): number => {
      return (jitteredPoint(key(rkey), "c23nb6", SECRET)[1] - south) / (north - south) - 0.5;
    };
    product += up(i) * up(i + 1);
  }
  // The deviation of the mean product of independent values is 1/12/sqrt(5000) = 0.0012.
  assert.ok(Math.abs(product / total) < 0.005);
});

Deno.test("the keyed hash is HMAC-SHA-256", async () => {
  // RFC 4231, test case 2.
  assert.equal(
    hmacSha256("Jefe", "what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  const encoder = new TextEncoder();
  for (const secret of ["k", "ключ", "x".repeat(64), "x".repeat(65), "y".repeat(300)]) {
    const text = `${secret.length}\0é`;
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const raw = encoder.encode(secret);
    const cryptoKey = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
    const signed = await crypto.subtle.sign("HMAC", cryptoKey, encoder.encode(text));
    const hex = [...new Uint8Array(signed)].map((byte) => byte.toString(16).padStart(2, "0"));
    assert.equal(hmacSha256(secret, text), hex.join(""));
  }
});
