import assert from "node:assert/strict";
import { isRefusal } from "../../../lib/mapper/collection.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { mapped, SMALLEST, tryMap } from "../../support/mapper_sample.ts";

Deno.test("F-10 the collections with a table are the six of the app, and no other", () => {
  assert.deepEqual(COLLECTIONS.map(({ nsid, table }) => [nsid, table]), [
    ["app.subcult.scene", "scenes"],
    ["app.subcult.event", "events"],
    ["app.subcult.post", "posts"],
    ["app.subcult.alliance", "alliances"],
    ["app.subcult.membership", "memberships"],
    ["app.subcult.stream", "stream_sessions"],
  ]);
});

Deno.test("a row holds its collection's columns, all of them and nothing else", () => {
  for (const { nsid, columns } of COLLECTIONS) {
    const { row } = mapped(nsid.slice("app.subcult.".length), {});
    assert.deepEqual(Object.keys(row).toSorted(), columns.map(({ name }) => name).toSorted(), nsid);
  }
});

Deno.test("references name collections that have a table, and come from the collection's own list", () => {
  for (const { nsid, references } of COLLECTIONS) {
    for (const { target } of references) assert.ok(COLLECTIONS.some(({ nsid }) => nsid === target));
    const used = mapped(nsid.slice("app.subcult.".length), {}).references;
    for (const { reference } of used) assert.ok(references.includes(reference), nsid);
  }
});

Deno.test("parents come before their children", () => {
  const order = COLLECTIONS.map(({ nsid }) => nsid);
  for (const { nsid, references } of COLLECTIONS) {
    for (const { target } of references) assert.ok(order.indexOf(target) < order.indexOf(nsid));
  }
});

Deno.test("E-343 a record of every kind becomes a row", () => {
  for (const name of Object.keys(SMALLEST)) {
    assert.ok(Object.keys(mapped(name, {}).row).length > 0);
  }
});

Deno.test("F-11 in a mixed run each record is accepted or rejected on its own", () => {
  const results = [
    tryMap("scene", { name: "x" }),
    tryMap("scene", {}),
    tryMap("event", { name: "x", sceneId: "s", startsAt: "2026-09-01T20:00:00Z" }),
    tryMap("event", { name: "x" }),
    tryMap("post", { text: "x", sceneId: "s" }),
  ];
  assert.deepEqual(results.map(isRefusal), [false, true, false, true, false]);
});
