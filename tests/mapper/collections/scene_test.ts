import assert from "node:assert/strict";
import { encodeGeohash } from "../../../lib/mapper/geo/geohash.ts";
import { AUTHOR, collectionOf, mapped, refused, tryMap } from "../../support/mapper_sample.ts";

const SEATTLE = { lat: 47.6062, lng: -122.3321 };
const EXACT = [-122.3321, 47.6062];

Deno.test("M-01 F-04 a scene with only a name is public, belongs to its author, and has no place", () => {
  const { row, references } = mapped("scene", {});
  assert.deepEqual(row, {
    name: "Warehouse Nine",
    description: null,
    owner_did: AUTHOR,
    allow_precise: false,
    precise_point: null,
    coarse_geohash: null,
    display_point: null,
    tags: [],
    visibility: "public",
    palette: {},
  });
  assert.deepEqual(references, []);
});

Deno.test("M-02 P-02 a complete scene with consent keeps its point, tags, visibility and palette", () => {
  const { row } = mapped("scene", {
    description: "Doors at nine",
    location: { ...SEATTLE, allowPrecise: true },
    tags: ["techno", "warehouse", "late"],
    visibility: "unlisted",
    palette: { primary: "#111111", background: "#ffffff" },
  });
  assert.deepEqual(row, {
    name: "Warehouse Nine",
    description: "Doors at nine",
    owner_did: AUTHOR,
    allow_precise: true,
    precise_point: EXACT,
    coarse_geohash: "c23nb6",
    display_point: EXACT,
    tags: ["techno", "warehouse", "late"],
    visibility: "unlisted",
    palette: { primary: "#111111", secondary: "", accent: "", background: "#ffffff", text: "" },
  });
});

for (const name of ["scene", "event"]) {
  Deno.test(`M-03 P-01 P-03 GJ-01 GJ-05 a ${name} without consent has a geohash and a point in its cell, and no exact point`, () => {
    for (const allowPrecise of [false, undefined, null, "true"]) {
      const location = allowPrecise === undefined ? SEATTLE : { ...SEATTLE, allowPrecise };
      const { row } = mapped(name, { location });
      assert.equal(row.allow_precise, false);
      assert.equal(row.precise_point, null);
      assert.equal(row.coarse_geohash, "c23nb6");
      const [lng, lat] = row.display_point as [number, number];
      assert.equal(encodeGeohash(lat, lng), "c23nb6");
      assert.notDeepEqual(row.display_point, EXACT);
    }
  });

  Deno.test(`P-02 P-04 GJ-02 J-13 a ${name} with consent is shown where it is`, () => {
    const { row } = mapped(name, { location: { ...SEATTLE, allowPrecise: true } });
    assert.deepEqual(row.precise_point, EXACT);
    assert.deepEqual(row.display_point, EXACT);
  });

  Deno.test(`GJ-03 the display point of a ${name} does not depend on its other fields`, () => {
    const first = mapped(name, { location: SEATTLE });
    const later = mapped(name, { location: SEATTLE, name: "another", tags: ["x"] }, {
      timeUs: 9e15,
    });
    assert.deepEqual(first.row.display_point, later.row.display_point);
  });

  Deno.test(`P-06 P-08 a ${name} whose author revokes consent has no exact point`, () => {
    const granted = mapped(name, { location: { ...SEATTLE, allowPrecise: true } });
    const revoked = mapped(name, { location: { ...SEATTLE, allowPrecise: false } });
    assert.deepEqual(Object.keys(revoked.row), Object.keys(granted.row));
    assert.deepEqual([revoked.row.allow_precise, revoked.row.precise_point], [false, null]);
  });

  Deno.test(`P-05 a coarse geohash is a ${name}'s place, never longer than six characters`, () => {
    for (const coarseGeohash of ["c23", "c23nb6", "C23NB62", "c23nb62w20st"]) {
      const { row } = mapped(name, { coarseGeohash });
      assert.equal(row.coarse_geohash, coarseGeohash.toLowerCase().slice(0, 6));
      assert.equal(row.precise_point, null);
      const [lng, lat] = row.display_point as [number, number];
      const length = Math.min(6, coarseGeohash.length);
      assert.equal(encodeGeohash(lat, lng, length), row.coarse_geohash);
    }
  });

  Deno.test(`P-09 the row of a ${name} has an exact place only in its two columns`, () => {
    const marked = { lat: 47.60620987, lng: -122.33210987 };
    const text = "at 47.60620987, -122.33210987";
    const hidden = { description: text, tags: [text], name: text, exif: marked, lat: marked.lat };
    const without = JSON.stringify(mapped(name, { ...hidden, location: marked }).row);
    assert.ok(!without.includes("60620987") && !without.includes("33210987"));
    const { row } = mapped(name, { ...hidden, location: { ...marked, allowPrecise: true } });
    const { precise_point: _, display_point: __, ...rest } = row;
    assert.ok(!JSON.stringify(rest).includes("60620987"));
  });

  Deno.test(`a ${name} with an invalid place is rejected, also when it is mapped again`, () => {
    assert.equal(refused(name, { location: { lat: 91, lng: 0 } }).reason, "invalid_location");
    assert.equal(refused(name, { location: "[place removed]" }).reason, "invalid_location");
    assert.equal(refused(name, { coarseGeohash: "[place removed]" }).reason, "invalid_geohash");
  });

  Deno.test(`the mapper refuses a ${name} that was not coarsened`, () => {
    const collection = collectionOf(name);
    const record = { name: "x", sceneId: "s", startsAt: "2026-09-01T20:00:00Z" };
    const key = { did: AUTHOR, collection: collection.nsid, rkey: "a" };
    const locations = [
      SEATTLE,
      { ...SEATTLE, allowPrecise: false },
      { ...SEATTLE, allowPrecise: false, coarseGeohash: "c23nb6" },
      { lat: 91, lng: 0, allowPrecise: true },
      { lat: "47.6062", lng: "-122.3321", allowPrecise: true },
      "c23nb6",
    ];
    for (const location of locations) {
      const result = collection.map({ ...record, location }, { key, timeUs: 1, jitterSecret: "s" });
      assert.ok("reason" in result, JSON.stringify(location));
      assert.equal(result.reason, "invalid_location");
    }
    for (const coarseGeohash of ["c23nb62", "C23NB6", 5]) {
      for (const place of [{ coarseGeohash }, { location: { coarseGeohash } }]) {
        const result = collection.map({ ...record, ...place }, {
          key,
          timeUs: 1,
          jitterSecret: "s",
        });
        assert.ok("reason" in result, JSON.stringify(place));
        assert.equal(result.reason, "invalid_geohash");
      }
    }
  });

  Deno.test(`places of a ${name} are cleared when it is hidden`, () => {
    const places = collectionOf(name).columns.filter(({ place }) => place).map(({ name }) => name);
    assert.deepEqual(places, ["precise_point", "coarse_geohash", "display_point"]);
  });
}

Deno.test("M-04 F-05 FC-07 a scene without a name, or with one that is no text, is refused", () => {
  const records = [{}, { name: null }, { name: 5 }, { name: ["x"] }, { name: "" }, { title: "x" }];
  const reasons = records.map((record) => {
    const result = tryMap("scene", record);
    return "reason" in result ? result.reason : "mapped";
  });
  assert.deepEqual(reasons, [
    "missing_field",
    "missing_field",
    "invalid_type",
    "invalid_type",
    "empty_field",
    "missing_field",
  ]);
});

Deno.test("C-18 a location with lon in place of lng is rejected", () => {
  const { reason } = refused("scene", { location: { lat: 47.6062, lon: -122.3321 } });
  assert.equal(reason, "invalid_location");
});

Deno.test("palette keys that are absent, null or unknown make no difference to the other keys", () => {
  const { row } = mapped("scene", { palette: { primary: "#123456", text: null, border: "x" } });
  assert.deepEqual(row.palette, {
    primary: "#123456",
    secondary: "",
    accent: "",
    background: "",
    text: "",
  });
  assert.deepEqual(mapped("scene", { palette: {} }).row.palette, {
    primary: "",
    secondary: "",
    accent: "",
    background: "",
    text: "",
  });
});
