import assert from "node:assert/strict";
import {
  encodeGeohash,
  geohashCell,
  isOnEarth,
  roundGeohash,
} from "../../../lib/mapper/geo/geohash.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const ROUNDED: readonly (readonly [text: string, length: number, expected: string | null])[] = [
  ["c23nb62w20st", 6, "c23nb6"],
  ["c23nb62", 6, "c23nb6"],
  ["c23nb62w", 4, "c23n"],
  ["c23nb6", 6, "c23nb6"],
  ["c23", 6, "c23"],
  ["c", 6, "c"],
  ["", 6, null],
  ["c23nba", 6, null],
  ["c23nbi", 6, null],
  ["c23nbl", 6, null],
  ["c23nbo", 6, null],
  ["a23nb6", 6, null],
  ["c23-b6", 6, null],
  ["c23nb6!", 6, null],
  ["c23 b6", 6, null],
  [" c23nb6", 6, null],
  ["c23nb6\n", 6, null],
  ["c23nbé", 6, null],
  ["C23NB6", 6, "c23nb6"],
  ["C23nB62W", 6, "c23nb6"],
  ["c23nb6", 1, "c"],
  ["c23nb6", 0, null],
  ["c23nb6", -1, null],
  ["0123456789bcdefghjkmnpqrstuvwxyz", 32, "0123456789bcdefghjkmnpqrstuvwxyz"],
];

Deno.test("G-01 a geohash is folded to lower case and cut, and other text is none", () => {
  for (const [text, length, expected] of ROUNDED) {
    assert.equal(roundGeohash(text, length), expected, `${JSON.stringify(text)} to ${length}`);
  }
});

Deno.test("G-02 cutting a geohash is deterministic and idempotent", () => {
  for (let i = 0; i < 100; i++) assert.equal(roundGeohash("C23NB62W20", 6), "c23nb6");
  assert.equal(roundGeohash(roundGeohash("C23NB62W20") ?? ""), "c23nb6");
});

Deno.test("G-03 a geohash has six characters by default", () => {
  assert.equal(roundGeohash("c23nb62w20"), "c23nb6");
  assert.equal(encodeGeohash(47.6062, -122.3321), "c23nb6");
});

Deno.test("G-04 known places have their known geohashes", () => {
  assert.equal(encodeGeohash(47.6062, -122.3321, 6), "c23nb6");
  assert.equal(encodeGeohash(52.52, 13.405, 6), "u33dc0");
  assert.equal(encodeGeohash(51.5074, -0.1278, 6), "gcpvj0");
  assert.equal(encodeGeohash(57.64911, 10.40744, 11), "u4pruydqqvj");
  assert.equal(encodeGeohash(42.605, -5.603, 5), "ezs42");
});

Deno.test("G-04 a length of 0 is an error, not the default", () => {
  for (const length of [0, -1, 13, 2.5, NaN]) {
    assert.throws(() => encodeGeohash(0, 0, length), RangeError, String(length));
  }
});

Deno.test("a geohash has at most twelve characters", () => {
  assert.equal(encodeGeohash(1, 2, 12).length, 12);
  assert.throws(() => encodeGeohash(1, 2, 13), RangeError);
});

Deno.test("a value on a midpoint belongs to the upper half, as the standard has it", () => {
  assert.equal(encodeGeohash(0, 0), "s00000");
  assert.equal(encodeGeohash(-0, -0), "s00000");
  assert.equal(encodeGeohash(-1e-9, -1e-9), "7zzzzz");
});

Deno.test("the poles and the date line have geohashes", () => {
  assert.equal(encodeGeohash(90, 180), "zzzzzz");
  assert.equal(encodeGeohash(-90, -180), "000000");
});

Deno.test("a place that is not on Earth has no geohash, and the error contains no number", () => {
  for (const [lat, lng] of [[90.5, 0], [-91, 0], [0, 180.5], [0, -500], [NaN, 0], [0, Infinity]]) {
    assert.ok(lat !== undefined && lng !== undefined);
    assert.equal(isOnEarth(lat, lng), false);
    assert.throws(() => encodeGeohash(lat, lng), (error: Error) => {
      return error instanceof RangeError && !/90\.5|91|180\.5|500|NaN/.test(error.message);
    });
  }
});

Deno.test("the cell of a geohash contains every place with that geohash", () => {
  const random = seededRandom(1);
  for (let i = 0; i < 2000; i++) {
    const lat = random() * 180 - 90;
    const lng = random() * 360 - 180;
    const length = 1 + Math.floor(random() * 9);
    const cell = geohashCell(encodeGeohash(lat, lng, length));
    assert.ok(cell.south <= lat && lat < cell.north && cell.west <= lng && lng < cell.east);
  }
});

Deno.test("a cell of six characters is 0.0055 by 0.011 degrees", () => {
  const { south, north, west, east } = geohashCell("c23nb6");
  assert.ok(Math.abs(north - south - 180 / 2 ** 15) < 1e-12);
  assert.ok(Math.abs(east - west - 360 / 2 ** 15) < 1e-12);
});

Deno.test("text that is no geohash has no cell", () => {
  for (const text of ["c23nba", "C23NB6", "c2 nb6"]) {
    assert.throws(() => geohashCell(text), RangeError);
  }
});
