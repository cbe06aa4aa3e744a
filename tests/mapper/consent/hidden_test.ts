import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

/** Every collection: the two with consent, and others. */
const COLLECTIONS = ["app.subcult.scene", "app.subcult.post", "com.example.unmapped"];

function after(record: JsonObject): JsonObject {
  const [first, ...others] = COLLECTIONS.map((collection) => coarsen(collection, record).record);
  assert.ok(first);
  for (const other of others) assert.deepEqual(other, first);
  return first;
}

Deno.test("keys that name a place are removed with their values, in any spelling", () => {
  const keys = [
    ..."lat Lat LAT latitude Latitude LATITUDE lng lon Lon longitude lats".split(" "),
    ..."latLng lat_lng LatLng latlon lnglat lonLat coords coord coordinates Coordinates".split(" "),
    ..."venueLat venue_lat map-lng startLatitude start_longitude homeLon latitudeE7 latE7".split(
      " ",
    ),
    ..."latitud longitud latitudine centerLatitude l_a_t".split(" "),
    ..."gps GPS gpsPosition GPSLatitude GPSLongitude GPSLatitudeRef gps_latitude".split(" "),
    ..."exif EXIF exifData exif:GPSLatitude Exif.GPSInfo.GPSLatitude xmp".split(" "),
    ..."geopoint geoPoint geojson geoJSON geo_json geoCoordinates bbox boundingBox wkt geom".split(
      " ",
    ),
    ..."plusCode plus_code openLocationCode olc what3words w3w h3 h3Index s2CellId quadkey".split(
      " ",
    ),
    ..."easting northing utm mgrs polyline".split(" "),
    ..."exactAddress exact_location preciseLocation precisePoint exactPoint streetAddress".split(
      " ",
    ),
    ..."street houseNumber postalCode".split(" "),
    "47.6062,-122.3321",
    "lat ",
    "  Latitude: ",
  ];
  for (const key of keys) {
    for (const value of [47.6062, "47.6062", { degrees: 47 }, [47.6062], null]) {
      assert.deepEqual(after({ name: "x", [key]: value }), { name: "x" }, key);
      const nested = after({ name: "x", a: [{ b: { [key]: value, kept: 1 } }] });
      assert.deepEqual(nested, { name: "x", a: [{ b: { kept: 1 } }] }, key);
    }
  }
});

Deno.test("words that only look like a place are kept", () => {
  const record = {
    flat: 3.14159,
    platform: "x",
    translation: 1.23456,
    relation: 2.34567,
    latest: 47.60621,
    longform: "a long text",
    slate: 1.2345,
    template: { plate: 1.2345 },
    colon: 1.2345,
    salon: { melon: 1.2345 },
    geography: "of nowhere",
    geometryClass: "on Monday",
    coordinator: "did:plc:abc",
    pointsTotal: 1.2345,
    gpu: 1.2345,
    pause: "hash: abcdefgh",
  };
  assert.equal(after(record), record);
});

Deno.test("geohashes are cut to six characters, and what is not a geohash is removed", () => {
  const record = {
    geohash: "c23nb62w20st",
    venue_geohash: "C23NB62W",
    preciseGeohash: "c23",
    geohashes: ["c23nb62w20st", "u33dc0x", "no", 5],
    a: { geoHash: "not a geohash" },
    b: { geohash: 123456789 },
    c: { geohash: { value: "c23nb62w20st" } },
  };
  assert.deepEqual(after(record), {
    geohash: "c23nb6",
    venue_geohash: "c23nb6",
    preciseGeohash: "c23",
    geohashes: ["c23nb6", "u33dc0"],
    a: {},
    b: {},
    c: {},
  });
});

Deno.test("under keys that may name a place, only coarse values are kept", () => {
  const keys = ["geo", "geometry", "point", "position", "place", "venue", "where", "map", "long"];
  for (const key of keys) {
    assert.deepEqual(after({ [key]: 47.6062 }), {}, key);
    assert.deepEqual(after({ [key]: "47.6062" }), { [key]: "[place removed]" });
    assert.deepEqual(after({ [key]: " -122,3321 " }), { [key]: "[place removed]" });
    assert.deepEqual(after({ [key]: "47.606" }), { [key]: "[place removed]" });
    assert.deepEqual(after({ [key]: -1_223_321 }), {}, "degrees in small units");
    assert.deepEqual(after({ [key]: "c23nb62w20st" }), { [key]: "c23nb6" });
    assert.deepEqual(after({ [key]: "cepeyfkbgcjb" }), { [key]: "cepeyf" });
    assert.deepEqual(after({ [key]: { x: 47.6062, y: -122.3321, e7: 476062000 } }), { [key]: {} });
    assert.deepEqual(after({ [key]: ["x", 47.6062, [-122.3321]] }), { [key]: ["x"] });
    const kept: JsonObject = {
      [key]: { name: "the old mill", seats: 250, rating: 4.25, open: true, floor: 3, no: null },
    };
    assert.equal(after(kept), kept);
    for (const text of ["upstairs", "western", "Bergschenke", "BREWERY"]) {
      const word: JsonObject = { [key]: text };
      assert.equal(after(word), word);
    }
  }
});

Deno.test("GeoJSON is removed", () => {
  const point = { type: "Point", coordinates: [-122.3321, 47.6062] };
  assert.deepEqual(after({ where: point }), { where: { type: "Point" } });
  assert.deepEqual(
    after({ shape: { type: "Feature", bbox: [-122.3321, 47.6, -122.3, 47.7], geometry: point } }),
    { shape: { type: "Feature", geometry: { type: "Point" } } },
  );
  const line = { type: "LineString", coordinates: [[-122.3321, 47.6062], [-122.3, 47.6]] };
  assert.deepEqual(after({ x: { geometries: [line] } }), {
    x: { geometries: [{ type: "LineString" }] },
  });
});

Deno.test("pairs of numbers that can be a place are removed, from lists and objects", () => {
  assert.deepEqual(after({ a: [47.6062, -122.3321] }), {});
  assert.deepEqual(after({ a: [-122.3321, 47.6062, 12.5] }), {});
  assert.deepEqual(after({ a: [-122.3321, 47.6062, -122.33, 47.61] }), {});
  assert.deepEqual(after({ a: ["47.6062", " −122,3321 "], b: [["-122", "47.6062"], "x"] }), {
    b: ["x"],
  });
  assert.deepEqual(after({ a: [[47.6062, -122.3321], [47.61, -122.33], "x"] }), {
    a: [[47.61, -122.33], "x"],
  });
  assert.deepEqual(after({ a: ["Home", 47.6062, -122.3321], b: [1, "x", 47.6062, -122, 300, 5] }), {
    a: ["Home"],
    b: [1, "x", 300, 5],
  });
  assert.deepEqual(after({ a: ["lat", 47.6062, "x", "lng:", "-122.3321"] }), {
    a: ["lat", "x", "lng:"],
  });
  const kept = {
    ratio: [0.66667, 0.33333],
    coarse: [47.61, -122.33],
    counts: [12, 345],
    large: [1234.567, 2345.678],
    one: [47.6062],
    texts: ["47.61", "-122.33"],
    versions: ["47.6062.1", "122.3321"],
    small: [0.2345, -0.3456, 0.4567, 0.5678, 0.6789],
  };
  assert.equal(after(kept), kept);
});

Deno.test("JSON in text is searched like the record, also JSON in JSON", () => {
  const place = { name: "x", lat: 47.6062, lng: -122.3321 };
  assert.deepEqual(after({ meta: JSON.stringify(place) }), { meta: '{"name":"x"}' });
  assert.deepEqual(after({ meta: `\n ${JSON.stringify([place, 1])} ` }), {
    meta: '[{"name":"x"},1]',
  });
  assert.deepEqual(after({ meta: "[47.6062,-122.3321]" }), { meta: "[place removed]" });
  assert.deepEqual(after({ meta: '{"geohash":"c23nb62w20st"}' }), { meta: '{"geohash":"c23nb6"}' });
  let text = JSON.stringify(place);
  for (let level = 0; level < 12; level++) {
    text = JSON.stringify({ text });
    const left = JSON.stringify(after({ meta: text }));
    assert.ok(!left.includes("47.6062") && !left.includes("122.3321"), `level ${level}`);
  }
});

Deno.test("text that is nearly JSON is searched as text", () => {
  for (
    const text of [
      '{"lat":47.6062,"lng":-122.3321',
      "{lat: 47.6062, lng: -122.3321}",
      '[info] {"lat": 47.6062, "n": "x", "lng": -122.3321} [end]',
      '{"a":"47.6062,-122.3321","a":1}',
    ]
  ) {
    const left = JSON.stringify(after({ text }));
    assert.ok(!left.includes("47.6062") && !left.includes("122.3321"), text);
  }
});

Deno.test("JSON in text without a place is kept unchanged, spaces and escapes included", () => {
  for (
    const text of ['{ "a" : 1.50, "b": "\\u0041" }', "[1,  2]", "{not json}", "[x]", "{}", "[["]
  ) {
    const record = { text };
    assert.equal(after(record), record);
  }
});

Deno.test("deeply nested JSON in text does no harm", () => {
  const text = "[".repeat(5000) + "47.6062,-122.3321" + "]".repeat(5000);
  assert.ok(!JSON.stringify(after({ text })).includes("47.6062"));
});

Deno.test("places in the network's own lexicons for locations are removed", () => {
  const locations = [
    {
      $type: "community.lexicon.location.geo",
      latitude: "47.6062",
      longitude: "-122.3321",
      name: "x",
    },
    { $type: "community.lexicon.location.hthree", value: "8f28d5485ab1234", name: "x" },
    {
      $type: "community.lexicon.location.address",
      street: "1 Main St",
      postalCode: "98101",
      name: "x",
    },
    {
      $type: "community.lexicon.location.fsq",
      latitude: "47.6062",
      longitude: "-122.3321",
      name: "x",
    },
  ];
  for (const location of locations) {
    const left = coarsen("community.lexicon.calendar.event", { locations: [location] }).record;
    assert.deepEqual(left, { locations: [{ $type: location.$type, name: "x" }] });
  }
});

Deno.test("hidden places are removed also with consent", () => {
  const location = { lat: 47.6062, lng: -122.3321, allowPrecise: true };
  const record = {
    name: "x",
    location,
    exif: { GPSLatitude: 1 },
    lat: 47.6062,
    extra: { location },
  };
  assert.deepEqual(coarsen("app.subcult.scene", record).record, {
    name: "x",
    extra: { location: { allowPrecise: true } },
    location,
  });
});

Deno.test("thousands of different keys don't stay in memory", () => {
  for (let i = 0; i < 10_000; i++) {
    assert.deepEqual(after({ [`k${i}_lat`]: 1, [`k${i}`]: 1 }), { [`k${i}`]: 1 });
  }
});

Deno.test("coarsening twice equals coarsening once, and no marked place survives", () => {
  const lat = 47.606209;
  const lng = -122.332069;
  const pair = `${lat},${lng}`;
  const hidden: Json[] = [
    { lat, lng },
    { latitude: `${lat}`, longitude: `${lng}` },
    [lat, lng],
    { type: "Point", coordinates: [lng, lat] },
    JSON.stringify({ where: { lat, lng } }),
    `meet at ${lat}, ${lng} after nine`,
    `geo:${pair}`,
    `https://maps.example/?q=${lat}%2C${lng}`,
    { geo: { x: lat, y: lng } },
    { [pair]: true },
    { GPSInfo: { Lat: lat, Lon: lng } },
  ];
  const wrap: ((value: Json) => Json)[] = [
    (value) => value,
    (value) => [value, 1],
    (value) => ({ note: value }),
    (value) => ({ embed: { items: [{ deep: value }] } }),
    (value) => ({ venue: value }),
  ];
  for (const value of hidden) {
    for (const outer of wrap) {
      for (const inner of wrap) {
        const record = { name: "x", extra: outer(inner(value)), location: { lat, lng } };
        for (const collection of COLLECTIONS) {
          const once = coarsen(collection, record);
          const text = JSON.stringify(once.record);
          assert.ok(!text.includes("47.606") && !text.includes("122.332"), text);
          assert.deepEqual(coarsen(collection, once.record), once);
        }
      }
    }
  }
});

Deno.test("where a place may be, digits beyond any number are removed like a large number", () => {
  // The decoder keeps integers beyond 2^53 as text.
  for (const digits of ["47606200123456789", "-1223321001234567890", "476062001234567890123456"]) {
    for (const record of [{ position: { x: digits } }, { venue: digits }, { points: [digits] }]) {
      const kept = coarsen("app.subcult.scene", record).record;
      assert.ok(!JSON.stringify(kept).includes(digits.slice(1, 9)), JSON.stringify(kept));
    }
    const elsewhere = { serial: digits };
    assert.deepEqual(coarsen("app.subcult.scene", elsewhere).record, elsewhere);
  }
});
