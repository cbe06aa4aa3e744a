import assert from "node:assert/strict";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

function after(text: string): unknown {
  return coarsen("app.subcult.post", { text }).record.text;
}

/** Text with a place, and the stored text. */
const PLACES: readonly (readonly [text: string, stored: string])[] = [
  ["at 47.6062, -122.3321 tonight", "at [place removed] tonight"],
  ["47.6062,-122.3321", "[place removed]"],
  ["47.6062 -122.3321", "[place removed]"],
  ["(47.6062/-122.3321)", "([place removed])"],
  ["47.6062\n-122.3321", "[place removed]"],
  ["-122.33, 47.6062", "[place removed]"],
  ["−33.8568, 151.2153", "[place removed]"],
  ["47,6062; -122,3321", "[place removed]"],
  ["lat: 47.6062 lng: -122.3321", "lat: [place removed]"],
  ["Latitude: 47.606209 Longitude: -122.332069", "Latitude: [place removed]"],
  ["startLat=47.6062 until late", "startLat=[place removed] until late"],
  ["latitude 47.6062 (home)", "latitude [place removed] (home)"],
  ["47.6062° N, 122.3321° W", "[place removed]° W"],
  ["47.6062 degrees latitude north and longitude 122.33", "[place removed]"],
  ["N47.6062 W122.3321", "N[place removed]"],
  ["47.6062N", "[place removed]N"],
  ["POINT(-122.3321 47.6062)", "POINT([place removed])"],
  ['<trkpt lat="47.6062" lon="-122.3321">', '<trkpt lat="[place removed]">'],
  ["15.50, 47.6062, -122.3321, 12.5", "[place removed]"],
  ["geo:47.6062,-122.3321;u=35", "geo:[place removed];u=35"],
  ["geo:47.6062,-122", "geo:[place removed],-122"],
  ["https://maps.example/@47.6062,-122.3321,17z", "https://maps.example/@[place removed],17z"],
  ["https://maps.example/?q=47.6062,-122.3321", "https://maps.example/?q=[place removed]"],
  [
    "https://maps.example/?q=47.6062%2C%20122.3321&z=9",
    "https://maps.example/?q=[place removed]&z=9",
  ],
  ["https://maps.example/?lat=47.6062&lon=-122.3321", "https://maps.example/?lat=[place removed]"],
  [
    "https://maps.example/#map=19/47.60620/-122.33210",
    "https://maps.example/#map=19/[place removed]",
  ],
  ["/place/x/data=!8m2!3d47.6062!4d-122.3321", "/place/x/data=!8m2!3d[place removed]"],
  ["/place/47%C2%B036'22.4%22N+122%C2%B019'55.6%22W/", "/place/[place removed]+[place removed]/"],
  ["47°36'22.3\"N 122°19'55.6\"W", "[place removed] [place removed]"],
  ["47° 36′ 22″", "[place removed]"],
  ["N 47° 36.372' W 122° 19.926'", "N [place removed] [place removed]"],
  ["code 84VVJM64+FQ", "code [place removed]"],
  ["JM64+FQ Seattle", "[place removed] Seattle"],
  ["https://plus.codes/84VVJM64%2BFQX", "https://plus.codes/[place removed]"],
  ["///filled.count.soap", "[place removed]"],
  ["https://w3w.co/filled.count.soap", "https://[place removed]"],
  ["geohash: c23nb62w20st", "geohash: c23nb6"],
  ["https://geohash.org/c23nb62w20sth", "https://geohash.org/c23nb6"],
];

Deno.test("places in text are replaced, and the rest stays", () => {
  for (const [text, stored] of PLACES) assert.equal(after(text), stored);
});

Deno.test("searching a text again changes nothing", () => {
  for (const [, stored] of PLACES) assert.equal(after(stored), stored);
});

Deno.test("text without a place is stored as written", () => {
  const texts = [
    "26,000 people, 12,345 more",
    "1.234 kg, 2.345 kg",
    "v1.234.567 and 2.345.678",
    "192.168.100.200, 10.123.45.67",
    "2024-01-01T00:00:30.123Z",
    "from 2024-01-01T00:00:30.123Z to 2024-01-02T00:00:31.456Z",
    "0.123, 0.456",
    "pi is 3.14159",
    "$1.234, $5.678",
    "€1.2345 / €5.678",
    "1.234%, 2.345%",
    "flat 3.1415",
    "37.125°C",
    "47.61, -122.33",
    "1234.5678, 2345.6789",
    "91.234, 92.345",
    "12.345, 190.678",
    "at 20° and 15 km",
    "12.5, 13.25",
    "+1 206 555 0100",
    "2222+22 = 2244",
    "a geohash is neat",
    "see file:///etc or https:///",
    "<b>not escaped</b> & 'quoted'",
    "at://did:plc:abcdefghijklmnopqrstuvwx/app.subcult.scene/3l3qo2vuowo2b",
    "bafyreigvlcyrux6orqe2sj3tivd3biq3o7q2sq7horqitceba5s2xjouti",
  ];
  for (const text of texts) assert.equal(after(text), text);
});

Deno.test("identifiers are stored as written, whatever their hash happens to spell", () => {
  const identifiers = [
    "at://did:plc:lvy5m62dv2rb23tmvzqwow3w/app.subcult.scene/3meecobc25cze",
    "did:plc:abcdefghijklmnopqr2s3w3w",
    "bafyreigvlcyrux6orqe2sj3tivd3biq3o7q2sqe234567mn2345672uti",
  ];
  for (const text of identifiers) assert.equal(after(text), text);
});

Deno.test("a place is found in a text that has only the form of an identifier", () => {
  const disguised = [
    "did:plc:at47deg36min22secnorth22",
    `bafyrei${"47deg36min22sec".padEnd(52, "a")}`,
    "at://did:plc:abcdefghijklmnopqrstuvwx/app.subcult.scene/47.60621,-122.33207",
    "at://did:plc:abcdefghijklmnopqrstuvwx/geohash/c23nb62w20sth",
    "at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.place.locator/3meecobc25cze",
    "at://did:plc:abcdefghijklmnopqrstuvwx/org.example.quadkey/3222222222222",
    ...["stopni", "derece", "astetta", "deg", "grad"].map((degrees) =>
      `bafyrei${`47${degrees}36min22sec`.padEnd(52, "a")}`
    ),
  ];
  for (const text of disguised) assert.notEqual(after(text), text);
});

Deno.test("random places in random words are never stored finer than a hundredth of a degree", () => {
  const separators = [",", ", ", " ", ";", " / ", "\t", "%2C", "\n", " lng ", "&lon=", "° N ", "|"];
  // Halton-like steps: even over the Earth, the same in every run.
  for (let i = 1; i <= 3000; i++) {
    const lat = ((i * 0.754877666) % 1) * 180 - 90;
    const lng = ((i * 0.569840291) % 1) * 360 - 180;
    if (Math.abs(lat) <= 1 && Math.abs(lng) <= 1) continue;
    const digits = 4 + i % 5;
    const one = String(Number(lat.toFixed(digits)));
    const other = String(Number(lng.toFixed(digits)));
    const separator = separators[i % separators.length] ?? ",";
    const stored = String(after(`come to ${one}${separator}${other} at 9`));
    assert.ok(!stored.includes(one) && !stored.includes(other), `${one}${separator}${other}`);
    assert.ok(stored.startsWith("come to [place removed]") && stored.endsWith(" at 9"));
  }
});
