/** Coarsening a stored record again: what these rules left is never changed by them. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../../lib/decoder/json.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { coarsen, coarsenStored } from "../../../lib/mapper/consent/consent.ts";
import { forSeeds } from "../../support/fresh_seeds.ts";
import { recordOf } from "../../support/lexicon/from_document.ts";
import { Random } from "../../support/model/random.ts";
import { FORMS } from "../../support/places/forms.ts";
import { WORST_RECORDS } from "../../support/places/worst_record.ts";

const DOCUMENTS = COLLECTIONS.map(({ lexicon }) => lexicon);
const NSIDS = [...COLLECTIONS.map(({ nsid }) => nsid), "org.example.note"];

/** A record as it is stored, which may have been refused, is the same object after it is coarsened again. */
function assertStays(collection: string, record: JsonObject, what: string): void {
  const once = coarsen(collection, record).record;
  assert.deepEqual(coarsenStored(collection, once).record, once, `${collection}: ${what}`);
  assert.equal(coarsenStored(collection, once).record, once, `${collection}: ${what}`);
  // Postgres orders the keys of jsonb.
  const stored = Object.fromEntries(Object.entries(once).toReversed());
  assert.equal(
    coarsenStored(collection, stored).record,
    stored,
    `${collection}: ${what}, as jsonb`,
  );
}

Deno.test("coarsening twice equals coarsening once, for every known form of a place", () => {
  for (const { what, form } of FORMS) {
    for (const collection of NSIDS) {
      assertStays(collection, { text: form }, what);
      assertStays(collection, { venue: form, coarseGeohash: form }, what);
      assertStays(collection, { location: form, tags: [form] }, what);
    }
  }
});

Deno.test("coarsening twice equals coarsening once, for any record of the app with places", async () => {
  await forSeeds(4, (seed) => {
    const random = new Random(seed);
    for (const { nsid } of COLLECTIONS) {
      for (let count = 0; count < 50; count++) {
        const record = { ...recordOf(DOCUMENTS, nsid, random) as JsonObject };
        for (const key of Object.keys(record)) {
          if (random.chance(0.3)) record[key] = random.pick(FORMS).form;
        }
        assertStays(nsid, record, JSON.stringify(record));
      }
    }
    return Promise.resolve();
  });
});

Deno.test("what is left of a text with a place does not name the numbers beside it", () => {
  const record = {
    name: "Breitengrad 61.38192, Längengrad 101.57419",
    ratings: [4.875, 4.625],
  };
  const name = "Breitengrad [place removed]";
  for (const collection of NSIDS) {
    assert.deepEqual(coarsen(collection, record).record, { ...record, name });
    assertStays(collection, record, "a name with a place");
  }
});

Deno.test("coarsening twice equals coarsening once, also for a record at the limit of the search", () => {
  for (const { name, record } of WORST_RECORDS) {
    for (const bytes of [1_000, 20_000]) assertStays("app.subcult.post", record(bytes), name);
  }
});
