import assert from "node:assert/strict";
import type { JsonObject } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

const PLACED = ["app.subcult.scene", "app.subcult.event"];
const SEATTLE = { lat: 47.6062, lng: -122.3321 };
const MARKER = "[place removed]";

/** The coarsened location of a record, and the reason if it is rejected. */
function placeAfter(record: JsonObject): {
  location: unknown;
  geohash: unknown;
  reason: string | null;
} {
  const [scene, event] = PLACED.map((collection) => coarsen(collection, record));
  assert.ok(scene && event);
  assert.deepEqual(scene, event, "scenes and events are treated alike");
  return {
    location: scene.record.location,
    geohash: scene.record.coarseGeohash,
    reason: scene.refusal?.reason ?? null,
  };
}

Deno.test("P-12 a place stays exact only when allowPrecise is true and nothing else", () => {
  const coarse = { allowPrecise: false, coarseGeohash: "c23nb6" };
  const exact = { ...SEATTLE, allowPrecise: true };
  assert.deepEqual(placeAfter({ location: exact }).location, exact);
  const refusing = [undefined, null, false, "true", "false", 1, 0, "yes", {}, [], [true]];
  for (const allowPrecise of refusing) {
    const location = allowPrecise === undefined ? SEATTLE : { ...SEATTLE, allowPrecise };
    const after = placeAfter({ location });
    assert.deepEqual(after.location, coarse, JSON.stringify(allowPrecise));
    assert.equal(after.reason, null);
  }
});

Deno.test("P-05 coordinates without consent become a geohash of six characters", () => {
  const places = [
    [47.6062, -122.3321, "c23nb6"],
    [52.52, 13.405, "u33dc0"],
    [51.5074, -0.1278, "gcpvj0"],
    [0, 0, "s00000"],
  ] as const;
  for (const [lat, lng, coarseGeohash] of places) {
    assert.deepEqual(placeAfter({ location: { lat, lng } }).location, {
      allowPrecise: false,
      coarseGeohash,
    });
  }
});

Deno.test("with consent, nothing but the two coordinates and the consent is kept of a location", () => {
  const location = {
    ...SEATTLE,
    allowPrecise: true,
    accuracy: 3.25,
    name: "home",
    geohash: "c23nb62w2",
  };
  const after = placeAfter({ location, coarseGeohash: "c23nb62w2" });
  assert.deepEqual(after.location, { ...SEATTLE, allowPrecise: true });
  assert.equal(after.geohash, undefined);
});

Deno.test("a coarse geohash is accepted in place of coordinates, in both fields, and cut to six characters", () => {
  const expected = { allowPrecise: false, coarseGeohash: "c23nb6" };
  const records: JsonObject[] = [
    { coarseGeohash: "C23NB62W20ST" },
    { location: { coarseGeohash: "c23nb62w" } },
    { location: { coarseGeohash: "c23nb62w", allowPrecise: true } },
    { location: { coarseGeohash: "c23nb6" }, coarseGeohash: "u33dc0x" },
    { location: { lat: null, lng: null, coarseGeohash: "c23nb6" } },
    { location: { name: "47.6062, -122.3321", coarseGeohash: "c23nb6" } },
  ];
  for (const record of records) {
    const after = placeAfter(record);
    assert.deepEqual(after, { location: expected, geohash: undefined, reason: null });
  }
});

Deno.test("a location that needs no coarsening is kept as published", () => {
  const records: JsonObject[] = [
    { coarseGeohash: "c23nb6" },
    { coarseGeohash: "c23" },
    { location: { coarseGeohash: "c23nb6" } },
    { location: { coarseGeohash: "c23nb6", allowPrecise: true } },
    { location: { coarseGeohash: "c23nb6", allowPrecise: false } },
    { location: null, coarseGeohash: "c23nb6" },
    { location: {}, coarseGeohash: "c23nb6" },
    { location: { coarseGeohash: "c23nb6" }, coarseGeohash: "u33dc0" },
    { location: {} },
    { location: { allowPrecise: true } },
  ];
  for (const record of records) {
    assert.deepEqual(coarsen("app.subcult.scene", record), { record, refusal: null });
  }
});

Deno.test("coordinates as decimal text are those numbers, with consent and without", () => {
  for (
    const [lat, lng] of [
      ["47.6062", "-122.3321"],
      ["+47.6062", "-122.3321"],
      ["047.60620", "-122.33210000000000000000000000000000000"],
      ["47.6062", -122.3321],
      [47.6062, "-122.3321"],
    ] as const
  ) {
    const location = { lat, lng };
    assert.deepEqual(placeAfter({ location }), placeAfter({ location: SEATTLE }));
    const exact = { ...SEATTLE, allowPrecise: true };
    assert.deepEqual(placeAfter({ location: { ...location, allowPrecise: true } }).location, exact);
  }
  assert.deepEqual(placeAfter({ location: { lat: "0", lng: "-0" } }).location, {
    allowPrecise: false,
    coarseGeohash: "s00000",
  });
});

Deno.test("without consent the author's geohash has precedence over the coordinates", () => {
  const after = placeAfter({ location: { ...SEATTLE, coarseGeohash: "c23" } });
  assert.deepEqual(after.location, { allowPrecise: false, coarseGeohash: "c23" });
});

Deno.test("an invalid place is rejected, and its values are removed", () => {
  const locations: [string, JsonObject["location"]][] = [
    ["latitude beyond the pole", { lat: 90.00001, lng: -122.3321 }],
    ["latitude below", { lat: -91.6062, lng: 1 }],
    ["longitude beyond 180", { lat: 47.6062, lng: 500.3321 }],
    ["longitude below", { lat: 47.6062, lng: -180.3321 }],
    ["not a number", { lat: NaN, lng: -122.3321 }],
    ["endless", { lat: 47.6062, lng: Infinity }],
    ["text beyond the pole", { lat: "90.00001", lng: "-122.3321" }],
    ["text with an exponent", { lat: "4.76062e1", lng: "-122.3321" }],
    ["text with a comma", { lat: "47,6062", lng: "-122,3321" }],
    ["text with spaces", { lat: " 47.6062", lng: "-122.3321 " }],
    ["hexadecimal", { lat: "0x47", lng: "-122.3321" }],
    ["words", { lat: "NaN", lng: "Infinity" }],
    ["half of a fraction", { lat: "47.", lng: ".3321" }],
    ["text with a unit", { lat: "47.6062N", lng: "122.3321W" }],
    ["endless text", { lat: `47.6062${"0".repeat(60)}`, lng: "-122.3321" }],
    ["empty text", { lat: "", lng: "-122.3321" }],
    ["no longitude", { lat: 47.6062 }],
    ["no latitude", { lng: -122.3321 }],
    ["null longitude", { lat: 47.6062, lng: null }],
    ["lon for lng", { lat: 47.6062, lon: -122.3321 }],
    ["only other names", { latitude: 47.6062, longitude: -122.3321 }],
    ["other names as text", { latitude: "47.6062", longitude: "-122.3321" }],
    ["GeoJSON", { type: "Point", coordinates: [-122.3321, 47.6062] }],
    ["a point", { point: [-122.3321, 47.6062] }],
    ["another geohash", { geohash: "c23nb62w20st" }],
    ["a list", [47.6062, -122.3321]],
    ["a text", "47.6062, -122.3321"],
    ["a number", 47.6062],
    ["a yes", true],
  ];
  for (const [name, location] of locations) {
    for (const allowPrecise of [true, false]) {
      const told = typeof location === "object" && !Array.isArray(location)
        ? { ...location, allowPrecise }
        : location ?? null;
      const after = placeAfter({ location: told });
      assert.equal(after.reason, "invalid_location", name);
      assert.equal(after.location, MARKER, name);
      const { refusal } = coarsen("app.subcult.scene", { location: told });
      assert.ok(!/47|122|500|91\.|c23/.test(refusal?.detail ?? ""), name);
    }
  }
});

Deno.test("an invalid geohash is refused, and its text is removed", () => {
  for (const coarseGeohash of ["", "c23nba", "47.6062", " c23nb6", 5, true, ["c23nb6"], {}]) {
    for (const record of [{ coarseGeohash }, { location: { coarseGeohash } }]) {
      const after = placeAfter(record);
      assert.equal(after.reason, "invalid_geohash", JSON.stringify(record));
      assert.deepEqual([after.geohash, after.location], [MARKER, undefined]);
    }
  }
});

Deno.test("invalid coordinates are rejected also with a valid geohash", () => {
  const after = placeAfter({ location: { lat: 99.6062, lng: 1 }, coarseGeohash: "c23nb6" });
  assert.deepEqual(after, { location: MARKER, geohash: undefined, reason: "invalid_location" });
});

Deno.test("a location without a place counts as absent", () => {
  const records: JsonObject[] = [
    {},
    { location: null },
    { location: { allowPrecise: false, lat: null, lng: null } },
    { location: { name: "the old mill", venue: "upstairs" } },
    { location: null, coarseGeohash: null },
  ];
  for (const record of records) {
    const after = placeAfter(record);
    assert.equal(after.location ?? null, null, JSON.stringify(record));
    assert.equal(after.reason, null);
  }
});

Deno.test("P-02 the exact values of a consented place are kept to the last digit", () => {
  const location = { lat: -33.856784123456, lng: 151.21529700000001, allowPrecise: true };
  assert.deepEqual(placeAfter({ location }).location, location);
});

Deno.test("P-13 the input record is not changed", () => {
  const record = {
    name: "x",
    location: { ...SEATTLE, allowPrecise: false },
    exif: { GPSLatitude: 47.6062 },
    list: [[47.6062, -122.3321]],
  };
  const before = structuredClone(record);
  const { record: after } = coarsen("app.subcult.scene", Object.freeze(record));
  assert.deepEqual(record, before);
  assert.notEqual(after, record);
});

Deno.test("a record without a place is the same object afterwards", () => {
  const record = { name: "x", tags: ["a"], palette: { primary: "#000000" }, n: [1, 2.5, null] };
  for (const collection of [...PLACED, "app.subcult.post", "app.bsky.feed.post"]) {
    const after = coarsen(collection, record);
    assert.equal(after.record, record);
    assert.equal(after.refusal, null);
  }
});

Deno.test("P-07 a record with consent does not affect one without", () => {
  const consented = { ...SEATTLE, allowPrecise: true };
  const batch = [consented, SEATTLE, consented, { ...SEATTLE, allowPrecise: false }];
  const kept = batch.map((location) => placeAfter({ location }).location as JsonObject);
  assert.deepEqual(kept.map((location) => "lat" in location), [true, false, true, false]);
});

Deno.test("consent is for scenes and events: in other collections no location stays exact", () => {
  const record = { text: "x", location: { ...SEATTLE, allowPrecise: true } };
  for (const collection of ["app.subcult.post", "app.subcult.stream", "com.example.checkin"]) {
    const after = coarsen(collection, record);
    assert.deepEqual(after.record, { text: "x", location: { allowPrecise: true } });
    assert.equal(after.refusal, null);
  }
});

Deno.test("inherited and prototype names are no location", () => {
  const record: JsonObject = JSON.parse(
    '{"__proto__":{"location":{"lat":47.6062,"lng":-122.3321,"allowPrecise":true}},"name":"x"}',
  );
  const { record: after, refusal } = coarsen("app.subcult.scene", record);
  assert.equal(
    JSON.stringify(after),
    '{"__proto__":{"location":{"allowPrecise":true}},"name":"x"}',
  );
  assert.equal(refusal, null);
  assert.equal(Object.getPrototypeOf(after), Object.prototype);
  const inside = coarsen(
    "app.subcult.scene",
    JSON.parse('{"location":{"__proto__":{"lat":47.6062,"lng":1,"allowPrecise":true}}}'),
  );
  assert.deepEqual(inside.record, {});
});

Deno.test("a record nested too deep to be searched is refused, and nothing of it is kept", () => {
  for (const open of ["[", '{"a":']) {
    const depth = 10_000;
    const close = open === "[" ? "]" : "}";
    const text = `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
    const { record, refusal } = coarsen("com.example.deep", JSON.parse(text));
    assert.equal(refusal?.reason, "record_too_deep");
    assert.deepEqual(record, {});
  }
});
