/** The content of a revision on its own. */

import assert from "node:assert/strict";
import type { Commit } from "../../lib/decoder/event.ts";
import type { JsonObject } from "../../lib/decoder/json.ts";
import { createMapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { AUTHOR, EVENT_TIME_US, STRANGER } from "../support/mapper_sample.ts";

const MAPPER = createMapper(COLLECTIONS, "a secret of the tests");

function commit(changes: Partial<Commit>): Commit {
  return {
    kind: "commit",
    did: AUTHOR,
    collection: "app.subcult.alliance",
    rkey: "one",
    rev: "3mwztfqk2ws2a",
    operation: "create",
    cid: null,
    record: null,
    refusal: null,
    remains: null,
    size: 0,
    position: { cursor: 1, timeUs: EVENT_TIME_US },
    ...changes,
  };
}

function reasonOf(record: JsonObject): string {
  const { content } = MAPPER.commit(commit({ record }));
  return content.kind === "rejected" ? content.refusal.reason : content.kind;
}

Deno.test("an alliance is between two scenes, however they are named", () => {
  const scene = (did: string): string => `at://${did}/app.subcult.scene/s1`;
  assert.equal(reasonOf({ fromSceneId: "s1", toSceneId: "s2" }), "mapped");
  assert.equal(reasonOf({ fromSceneId: scene(AUTHOR), toSceneId: scene(STRANGER) }), "mapped");
  assert.equal(reasonOf({ fromSceneId: "s1", toSceneId: "s1" }), "self_alliance");
  assert.equal(
    reasonOf({ fromSceneId: scene(AUTHOR), toSceneId: scene(AUTHOR) }),
    "self_alliance",
  );
});

Deno.test("a record that the decoder rejected is marked as such, and keeps its remains", () => {
  const refusal = { reason: "invalid_location", detail: "location: expected an object" } as const;
  const remains = { fromSceneId: "s1", location: "[place removed]" };
  assert.deepEqual(MAPPER.commit(commit({ refusal, remains })), {
    content: { kind: "rejected", refusal, byDecoder: true },
    body: { record: remains, row: null },
  });
});

Deno.test("a record that the mapper rejected is marked as one that can be mapped again", () => {
  const record = { fromSceneId: "s1" };
  const { content, body } = MAPPER.commit(commit({ record }));
  assert.ok(content.kind === "rejected" && !content.byDecoder);
  assert.deepEqual(body, { record, row: null });
});

Deno.test("a record of a newer form, and one of an unknown collection, are kept unchanged", () => {
  const record = { fromSceneId: "s1", toSceneId: "s2", schemaVersion: 2 };
  assert.deepEqual(MAPPER.commit(commit({ record })), {
    content: { kind: "unmapped", reason: "newer_version" },
    body: { record, row: null },
  });
  const other = MAPPER.commit(commit({ record, collection: "com.example.other" }));
  assert.deepEqual(other, { content: { kind: "unmapped" }, body: { record, row: null } });
});
