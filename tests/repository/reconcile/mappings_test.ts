/**
 * The rows of some records of each collection, with the version of its mapping, and what is kept of the known forms of
 * places, with the version of the rules: whoever changes them has to increase the version, or nobody learns that a
 * reindex is needed. After counting up,
 * `deno test -A tests/repository/reconcile/mappings_test.ts -- --update` writes what is made now.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { JsonObject } from "../../../lib/decoder/json.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { coarsen, PLACE_RULES } from "../../../lib/mapper/consent/consent.ts";
import { mappingVersion } from "../../../lib/repository/reconcile/mappings.ts";
import { recordOf } from "../../support/lexicon/from_document.ts";
import { tryMap } from "../../support/mapper_sample.ts";
import { FORMS } from "../../support/places/forms.ts";
import { Random } from "../../support/model/random.ts";

const PATH = new URL("mapping_versions.json", import.meta.url);
const RECORDS = 300;

const DOCUMENTS = COLLECTIONS.map(({ lexicon }) => lexicon);

/** A hash of the rows that the mapper gives for fixed records, some of them rejected. */
function digestOf(nsid: string): string {
  const name = nsid.replace("app.subcult.", "");
  const random = new Random(1);
  const hash = createHash("sha256");
  for (let count = 0; count < RECORDS; count++) {
    const record = recordOf(DOCUMENTS, nsid, random) as JsonObject;
    const broken = random.chance(0.2) ? { [random.pick(Object.keys(record))]: {} } : {};
    hash.update(JSON.stringify(tryMap(name, { ...record, ...broken }), rounded));
  }
  return hash.digest("hex").slice(0, 16);
}

/** A hash of what is kept of the known forms of places, in records with and without a location of their own. */
function digestOfPlaces(): string {
  const hash = createHash("sha256");
  for (const { form } of FORMS) {
    const records = [
      { text: form },
      { venue: form },
      { location: form },
      { [typeof form === "string" ? form : "note"]: [form] },
    ];
    for (const record of records) {
      for (const collection of ["app.subcult.scene", "app.subcult.post"]) {
        hash.update(JSON.stringify(coarsen(collection, record)));
      }
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** The last bits of a sine are not the same in each version of the runtime. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toFixed(9)) : value;
}

Deno.test("a change of the rows or places that are kept of records increases the version", async () => {
  const made = Object.fromEntries([
    ...COLLECTIONS.map((collection) =>
      [
        collection.nsid,
        { version: mappingVersion(collection), made: digestOf(collection.nsid) },
      ] as const
    ),
    ["PLACE_RULES", { version: String(PLACE_RULES), made: digestOfPlaces() }] as const,
  ]);
  if (Deno.args.includes("--update")) {
    await Deno.writeTextFile(PATH, JSON.stringify(made, null, 2) + "\n");
  }
  const known: typeof made = JSON.parse(await Deno.readTextFile(PATH));
  for (const [nsid, { version, made: digest }] of Object.entries(made)) {
    const stored = known[nsid];
    const told = stored?.version === version && stored.made !== digest
      ? "count up its version, then run this test with -- --update"
      : "run this test with -- --update";
    assert.deepEqual({ version, made: digest }, stored, `${nsid}: ${told}`);
  }
});
