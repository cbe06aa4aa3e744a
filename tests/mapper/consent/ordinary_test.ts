/** Records as people and their apps write them never reach the limit of the search, whatever their size. */

import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

const SIZES = [2_000, 20_000, 200_000, 900_000];

const SENTENCE = "Doors at 20:00, 12.50 € or €8 before 21:30; 120 bpm, floor 2, since 1998. ";
const WORDS = "We play what we like, and dance until the last one of us has gone home. ";
const LINK = "https://techno.example.com/basement/4711?utm_source=flyer&n=12";
const CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

/** Copies of a value, numbered by `index`, up to a size. */
function until(bytes: number, value: (index: number) => Json): Json[] {
  const each = JSON.stringify(value(1000)).length + 1;
  return Array.from({ length: Math.max(1, Math.floor(bytes / each)) }, (_, index) => value(index));
}

const time = (index: number): string => `${index % 24}:${10 + index % 50}`;

const ORDINARY: Readonly<Record<string, (bytes: number) => JsonObject>> = {
  "prose with numbers": (bytes) => ({ text: SENTENCE.repeat(bytes / SENTENCE.length) }),
  "prose with accents": (bytes) => ({ text: "– Für Élodie’s 2. “Café” … ".repeat(bytes / 27) }),
  "Japanese": (bytes) => ({ text: "開場は20時、料金は3000円です。".repeat(bytes / 18) }),
  "prose in JSON in text": (bytes) => ({
    text: JSON.stringify({
      blocks: until(bytes, () => ({ type: "p", text: SENTENCE + WORDS + WORDS })),
    }),
  }),
  "prices": (bytes) => ({
    prices: until(bytes, (index) => ({ name: "floor " + index, price: `${index % 40}.50` })),
  }),
  "lines of prices": (bytes) => ({
    text: Array.from({ length: bytes / 20 }, (_, i) => `Bier ${i % 40}.50 €`)
      .join("\n"),
  }),
  "set times": (bytes) => ({
    sets: until(bytes, (index) => ({ artist: "DJ " + index, start: time(index), end: "6:30" })),
  }),
  "tracks": (bytes) => ({
    tracks: until(bytes, (index) => ({
      position: index,
      title: `Blue Monday ${index % 99}`,
      artist: "New Order",
      duration: time(index),
      isrc: `GBAAP8${3_000_000 + index}`,
    })),
  }),
  "tracks with umlauts": (bytes) => ({
    tracks: until(bytes, (index) => ({
      title: `Über Köln ${index % 99}`,
      artist: "Rückkopplung 3",
      duration: time(index),
    })),
  }),
  "lines of tracks": (bytes) => ({
    text: until(bytes, (index) => `${index}. Blue Monday – New Order (${time(index)})`).join("\n"),
  }),
  "tags": (bytes) => ({ tags: until(bytes, (index) => `techno${index % 100}`) }),
  "links": (bytes) => ({ links: until(bytes, (index) => LINK + index) }),
  "numbers": (bytes) => ({ wave: until(Math.min(bytes, 400_000), (index) => index % 256) }),
  "facets": (bytes) => ({
    facets: until(bytes, (index) => ({
      index: { byteStart: index * 9, byteEnd: index * 9 + 5 },
      features: [{ $type: "app.bsky.richtext.facet#link", uri: LINK }],
    })),
  }),
  "images": (bytes) => ({
    images: until(bytes, () => ({
      alt: SENTENCE,
      aspectRatio: { width: 1200, height: 900 },
      image: { $type: "blob", ref: { $link: CID }, mimeType: "image/jpeg", size: 123456 },
    })),
  }),
};

for (const [name, record] of Object.entries(ORDINARY)) {
  Deno.test(`however large, ordinary records are kept: ${name}`, () => {
    for (const size of SIZES) {
      const whole = record(size);
      const isKept = coarsen("app.subcult.post", whole).record === whole;
      assert.ok(isKept, `${name} of ${size} bytes is changed`);
    }
  });
}
