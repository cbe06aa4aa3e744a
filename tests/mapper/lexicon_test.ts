/**
 * The lexicon documents are compared with the mapper: with records that are made
 * from the documents, with records that are made from the schemas, and field by field at the limits.
 * `LEXICON_SEED` repeats a run, `LEXICON_RECORDS` lengthens it.
 */

import assert from "node:assert/strict";
import { jsonToLex, type LexiconDoc, Lexicons } from "@atproto/lexicon";
import type { z } from "zod";
import type { JsonObject } from "../../lib/decoder/json.ts";
import { AllianceRecord } from "../../lib/mapper/collections/alliance.ts";
import { isRefusal } from "../../lib/mapper/collection.ts";
import { EventRecord } from "../../lib/mapper/collections/event.ts";
import { MembershipRecord } from "../../lib/mapper/collections/membership.ts";
import { PostRecord } from "../../lib/mapper/collections/post.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { SceneRecord } from "../../lib/mapper/collections/scene.ts";
import { StreamRecord } from "../../lib/mapper/collections/stream.ts";
import { definitionOf, recordOf } from "../support/lexicon/from_document.ts";
import { fieldsOf, isOptional, listOf, metaOf, objectOf } from "../support/lexicon/from_schema.ts";
import { SMALLEST, tryMap } from "../support/mapper_sample.ts";
import { Random } from "../support/model/random.ts";
import { repository } from "../support/repository_files.ts";

const SEED = Number(Deno.env.get("LEXICON_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const RECORDS = Number(Deno.env.get("LEXICON_RECORDS") ?? 150);

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  scene: SceneRecord,
  event: EventRecord,
  post: PostRecord,
  alliance: AllianceRecord,
  membership: MembershipRecord,
  stream: StreamRecord,
};

/** Fields that the mapper reads elsewhere than in its schemas. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  scene: ["createdAt", "location"],
  event: ["createdAt", "location"],
};

/** Rules that lexicons can't express; the descriptions in the documents state them. */
const UNSAYABLE: ReadonlySet<string> = new Set([
  "time_order endsAt",
  "time_order endedAt",
  "missing_field sceneId, eventId",
  "too_many sceneId, eventId",
  "invalid_location location",
]);

const DOCUMENTS = COLLECTIONS.map(({ lexicon }) => lexicon);
// The validator changes its input.
const LEXICONS = new Lexicons(structuredClone(DOCUMENTS) as unknown as LexiconDoc[]);

/** Why a record is not valid by its document; null when it is. */
function documentRefusal(name: string, record: Record<string, unknown>): string | null {
  const nsid = `app.subcult.${name}`;
  try {
    LEXICONS.assertValidRecord(nsid, jsonToLex({ ...record, $type: nsid }));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

Deno.test("each collection has its lexicon document, named for it, where such documents are looked for", async () => {
  for (const { nsid, lexicon } of COLLECTIONS) {
    const path = `lexicons/${nsid.replaceAll(".", "/")}.json`;
    assert.deepEqual(lexicon, JSON.parse(await repository(path)));
    assert.equal(lexicon.id, nsid);
    assert.equal(LEXICONS.getDefOrThrow(nsid).type, "record");
  }
});

Deno.test("a document and its schema name the same fields, and the same of them are required", () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const { record } = definitionOf(DOCUMENTS, `app.subcult.${name}`, "#main");
    const fields = Object.entries(fieldsOf(schema));
    const named = [...fields.map(([field]) => field), ...BESIDE[name] ?? ["createdAt"]];
    assert.deepEqual(Object.keys(record?.properties ?? {}).toSorted(), named.toSorted(), name);
    const required = fields.filter(([, field]) => !isOptional(field)).map(([field]) => field);
    assert.deepEqual([...record?.required ?? []].toSorted(), required.toSorted(), name);
  }
});

Deno.test("a record that is valid by its document is accepted by the mapper, except for rules beyond lexicons", () => {
  // deno-lint-ignore no-console
  console.log(`LEXICON_SEED=${SEED}`);
  for (const name of Object.keys(SCHEMAS)) {
    const random = new Random(SEED, 1);
    let taken = 0;
    for (let count = 0; count < RECORDS; count++) {
      const record = recordOf(DOCUMENTS, `app.subcult.${name}`, random);
      assert.equal(documentRefusal(name, record), null, JSON.stringify(record).slice(0, 500));
      const result = tryMap(name, record as JsonObject);
      if (isRefusal(result)) {
        const rule = `${result.reason} ${result.detail.split(":")[0]}`;
        assert.ok(UNSAYABLE.has(rule), `${name}: ${rule}, ${JSON.stringify(record).slice(0, 500)}`);
      } else taken++;
    }
    assert.ok(taken > RECORDS / 10, `${name}: only ${taken} of ${RECORDS} were taken`);
  }
});

Deno.test("a record that the mapper's schema accepts is valid by the document", () => {
  // deno-lint-ignore no-console
  console.log(`LEXICON_SEED=${SEED}`);
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const random = new Random(SEED, 2);
    for (let count = 0; count < RECORDS; count++) {
      const record = objectOf(schema, random);
      assert.ok(schema.safeParse(record).success, JSON.stringify(record).slice(0, 500));
      assert.equal(documentRefusal(name, record), null, JSON.stringify(record).slice(0, 500));
    }
  }
});

Deno.test("a field beyond the limit of one is beyond the limit of the other", () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    for (const [field, kind] of Object.entries(fieldsOf(schema))) {
      for (const value of valuesFor(kind)) {
        const record: Record<string, unknown> = { ...SMALLEST[name], [field]: value };
        if (value === undefined) delete record[field];
        const byDocument = documentRefusal(name, record) === null;
        const bySchema = schema.safeParse(record).success;
        const told = JSON.stringify(value)?.slice(0, 60);
        assert.equal(byDocument, bySchema, `${name}.${field}: ${told}`);
      }
    }
  }
});

/** Values of all kinds, and at the limits of the field. */
function valuesFor(schema: z.ZodType): unknown[] {
  const values: unknown[] = [undefined, true, {}, "", "no such value", ["a"], [1]];
  const meta = metaOf(schema);
  // A decimal is a number too for the mapper, and its form is for a document to describe.
  if (meta?.field === "decimal") return values.filter((value) => typeof value !== "string");
  values.push(12);
  // The official tooling takes a list for an object.
  if (Object.keys(fieldsOf(schema)).length > 0) return values.filter((one) => !Array.isArray(one));
  if (meta?.field === "text") {
    for (const character of ["x", "夜", "🎛"]) {
      values.push(character.repeat(meta.most), character.repeat(meta.most + 1));
    }
  }
  const list = listOf(schema);
  if (list !== null) {
    const item = metaOf(list.item)?.field === "text" ? "x" : {};
    values.push(Array(list.most).fill(item), Array(list.most + 1).fill(item), ["x".repeat(101)]);
  }
  return values;
}

Deno.test("a place is described once, and no document allows a finer cell than a coarse one", () => {
  const { properties } = definitionOf(DOCUMENTS, "app.subcult.event", "app.subcult.scene#location");
  assert.deepEqual(Object.keys(properties ?? {}).toSorted(), [
    "allowPrecise",
    "coarseGeohash",
    "lat",
    "lng",
  ]);
  const told = (coarseGeohash: string): string | null =>
    documentRefusal("event", { ...SMALLEST.event, location: { coarseGeohash } });
  assert.equal(told("c23nb6"), null);
  assert.match(told("c23nb62") ?? "", /coarseGeohash/);
  assert.match(
    documentRefusal("scene", { name: "x", location: { lat: 47.6062, lng: -122.3321 } }) ?? "",
    /lat must be a string/,
  );
});
