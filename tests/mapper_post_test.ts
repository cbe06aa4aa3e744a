import assert from "node:assert/strict";
import { AUTHOR, collectionOf, mapped, tryMap } from "./mapper_sample.ts";

function linksOf(fields: Record<string, string | null>): unknown[] {
  return mapped("post", fields).references.map(({ reference, value }) => [reference.column, value]);
}

Deno.test("M-11 a small post has its text and its author", () => {
  const { row } = mapped("post", {});
  assert.deepEqual(row, {
    text: "See you there",
    author_did: AUTHOR,
    attachments: [],
    labels: [],
  });
});

Deno.test("M-12 a complete post has both references, its attachment and its labels", () => {
  const { row, references } = mapped("post", {
    eventId: "event1",
    attachments: [{
      url: "https://a.example/b.jpg",
      type: "image/jpeg",
      sizeBytes: 1024,
      width: 800,
    }],
    labels: ["nsfw", "flagged"],
  });
  assert.deepEqual(row.attachments, [
    { url: "https://a.example/b.jpg", type: "image/jpeg", size_bytes: 1024, width: 800 },
  ]);
  assert.deepEqual(row.labels, ["nsfw", "flagged"]);
  assert.equal(references.length, 2);
});

Deno.test("an attachment is stored under the keys that the API reads, without empty values", () => {
  const { row } = mapped("post", {
    attachments: [
      {
        url: "u",
        key: "k",
        type: "video/mp4",
        sizeBytes: 1,
        width: 2,
        height: 3,
        durationSeconds: 4.5,
        alt: "unknown",
        size_bytes: 99,
      },
      { url: "", key: null, type: "", sizeBytes: 0, width: 0, height: 0, durationSeconds: 0 },
    ],
  });
  assert.deepEqual(row.attachments, [
    {
      url: "u",
      key: "k",
      type: "video/mp4",
      size_bytes: 1,
      width: 2,
      height: 3,
      duration_seconds: 4.5,
    },
    {},
  ]);
});

Deno.test("F-08 E-436 a post names a scene, an event, or both", () => {
  assert.deepEqual(linksOf({}), [["scene_id", "scene1"]]);
  assert.deepEqual(linksOf({ sceneId: null, eventId: "event1" }), [["event_id", "event1"]]);
  assert.deepEqual(linksOf({ eventId: "event1" }), [["scene_id", "scene1"], [
    "event_id",
    "event1",
  ]]);
  assert.deepEqual(linksOf({ eventId: null }), [["scene_id", "scene1"]]);
});

Deno.test("M-13 M-14 F-09 E-436 a post without text, or without any reference, is refused", () => {
  const records = [
    { sceneId: "scene1" },
    { text: "x" },
    { text: 5, sceneId: "scene1" },
    { text: "x", sceneId: null },
    { text: "x", eventId: null },
    { text: "x", sceneId: null, eventId: null },
    { text: "x", sceneId: "scene1", eventId: 5 },
    { text: "x", sceneId: "scene1", eventId: "" },
  ];
  const reasons = records.map((record) => {
    const result = tryMap("post", record);
    return "reason" in result ? result.reason : "mapped";
  });
  assert.deepEqual(reasons, [
    "missing_field",
    "missing_field",
    "invalid_type",
    "missing_field",
    "missing_field",
    "missing_field",
    "invalid_type",
    "empty_field",
  ]);
});

Deno.test("a post may name anybody's scene and event", () => {
  const { references } = mapped("post", { eventId: "event1" });
  assert.deepEqual(references.map(({ reference }) => reference.owned), [false, false]);
});

Deno.test("labels that moderators add survive the author's", () => {
  const merged = collectionOf("post").columns.filter(({ merged }) => merged);
  assert.deepEqual(merged.map(({ name }) => name), ["labels"]);
});
