/** For tests of the mapper: the smallest valid record of each collection, and how to map one. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/decoder/json.ts";
import type { Refusal } from "../../lib/decoder/event.ts";
import {
  type Collection,
  type Column,
  type Context,
  isRefusal,
  type Mapped,
  type Reference,
} from "../../lib/mapper/collection.ts";
import { coarsen } from "../../lib/mapper/consent/consent.ts";
import { mentionsOf } from "../../lib/mapper/link.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";

export const AUTHOR = "did:plc:abcdefghijklmnopqrstuvwx";
export const STRANGER = "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz";

/** 2026-08-20T09:30:01.004512Z. */
export const EVENT_TIME_US = 1_787_218_201_004_512;
export const EVENT_TIME = "2026-08-20T09:30:01.004512Z";

export const SMALLEST: Readonly<Record<string, JsonObject>> = {
  scene: { name: "Warehouse Nine" },
  event: { name: "Opening night", sceneId: "scene1", startsAt: "2026-09-01T20:00:00Z" },
  post: { text: "See you there", sceneId: "scene1" },
  alliance: { fromSceneId: "scene1", toSceneId: "scene2" },
  membership: { sceneId: "scene1" },
  stream: { sceneId: "scene1", roomName: "scene-1-1700000000" },
};

/** The collection `app.subcult.NAME`. */
export function collectionOf(name: string): Collection {
  const found = COLLECTIONS.find(({ nsid }) => nsid === `app.subcult.${name}`);
  assert.ok(found, `no collection app.subcult.${name}`);
  return found;
}

/** A column of the table of `app.subcult.NAME`. */
export function columnOf(name: string, column: string): Column {
  const found = collectionOf(name).columns.find((one) => one.name === column);
  assert.ok(found, `no column ${column} of ${name}`);
  return found;
}

/** Coarsens and maps a record as the pipeline does. */
export function tryMap(
  name: string,
  record: JsonObject,
  context: Partial<Context> = {},
): Mapped | Refusal {
  const nsid = `app.subcult.${name}`;
  const coarsened = coarsen(nsid, record);
  if (coarsened.refusal !== null) return coarsened.refusal;
  const key = { did: AUTHOR, collection: nsid, rkey: "3l3qo2vuowo2b" };
  const full = { key, timeUs: EVENT_TIME_US, jitterSecret: "secret", ...context };
  return collectionOf(name).map(coarsened.record, full);
}

/** A reference that a record makes, with the text that names the other record. */
export interface MadeReference {
  readonly reference: Reference;
  readonly value: string;
}

/** The row of a record that must be one, and its references. `fields` go over the smallest record. */
export function mapped(
  name: string,
  fields: JsonObject,
  context: Partial<Context> = {},
): Mapped & { readonly references: readonly MadeReference[] } {
  const record = { ...SMALLEST[name], ...fields };
  const result = tryMap(name, record, context);
  if (isRefusal(result)) assert.fail(`${name}: ${result.reason}, ${result.detail}`);
  return {
    ...result,
    get references() {
      return referencesOf(name, record);
    },
  };
}

function referencesOf(name: string, record: JsonObject): readonly MadeReference[] {
  const mentions = mentionsOf(collectionOf(name), AUTHOR, record);
  if ("reason" in mentions) assert.fail(`${name}: ${mentions.reason}, ${mentions.detail}`);
  return mentions.links.map(({ reference }) => {
    return { reference, value: String(record[reference.field]) };
  });
}

/** The refusal of a record that must not be one. `fields` go over the smallest record. */
export function refused(name: string, fields: JsonObject): Refusal {
  const result = tryMap(name, { ...SMALLEST[name], ...fields });
  if (!isRefusal(result)) assert.fail(`${name}: mapped ${JSON.stringify(fields).slice(0, 200)}`);
  return result;
}

/** The smallest record without some of its fields. */
export function without(name: string, ...fields: string[]): JsonObject {
  const entries = Object.entries(SMALLEST[name] ?? {}).filter(([key]) => !fields.includes(key));
  return Object.fromEntries(entries);
}
