import assert from "node:assert/strict";
import type { JsonObject } from "../../../lib/decoder/json.ts";
import { AUTHOR, collectionOf, mapped, refused, tryMap } from "../../support/mapper_sample.ts";

function linksOf(fields: Record<string, string | null>): unknown[] {
  return mapped("post", fields).references.map(({ reference, value }) => [reference.column, value]);
}

Deno.test("M-11 a minimal post has its text and its author", () => {
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
  ]);
});

const BLOB_CID = "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity";
const BLOB = { $type: "blob", ref: { $link: BLOB_CID }, mimeType: "image/jpeg", size: 10_000 };
const STORED_BLOB = { cid: BLOB_CID, type: "image/jpeg", size_bytes: 10_000 };

Deno.test("a blob is stored as its CID, type and size, in each of its forms", () => {
  const forms: readonly (readonly [JsonObject, readonly unknown[]])[] = [
    [BLOB, [STORED_BLOB]],
    [{ cid: BLOB_CID, mimeType: "image/png" }, [{ cid: BLOB_CID, type: "image/png" }]],
    [{ alt: "flyer", image: BLOB }, [STORED_BLOB]],
    [{ url: "u", type: "image/webp", file: BLOB }, [{ url: "u", ...STORED_BLOB }]],
    [
      { image: BLOB, aspectRatio: { width: 4, height: 3 } },
      [{ ...STORED_BLOB, width: 4, height: 3 }],
    ],
    [
      { $type: "app.bsky.embed.images", images: [{ image: BLOB }, { alt: "", image: BLOB }] },
      [STORED_BLOB, STORED_BLOB],
    ],
    [{ $type: "app.bsky.embed.video", video: { ...BLOB, mimeType: "video/mp4" } }, [
      { ...STORED_BLOB, type: "video/mp4" },
    ]],
    [{ external: { uri: "https://a.example/", thumb: BLOB } }, [STORED_BLOB]],
  ];
  for (const [item, stored] of forms) {
    assert.deepEqual(mapped("post", { attachments: [item] }).row.attachments, stored);
  }
});

Deno.test("unreadable parts of a blob are left out, and an empty attachment is not stored", () => {
  const { mimeType: _, ...untyped } = BLOB;
  const attachments = [
    untyped,
    { ...BLOB, size: -1 },
    { ...BLOB, ref: { $link: "no CID" } },
    { $type: "blob", ref: BLOB_CID },
    { $type: "app.bsky.embed.record", record: { uri: "at://x", cid: BLOB_CID } },
    {},
  ];
  assert.deepEqual(mapped("post", { attachments }).row.attachments, [
    { cid: BLOB_CID, size_bytes: 10_000 },
    { cid: BLOB_CID, type: "image/jpeg" },
  ]);
});

Deno.test("six files are stored, in any number of embeds, and seven are rejected", () => {
  const images = (count: number) => ({ images: Array(count).fill(BLOB) });
  const six = mapped("post", { attachments: [images(4), images(2)] }).row.attachments;
  assert.equal(Array.isArray(six) && six.length, 6);
  assert.equal(refused("post", { attachments: [images(4), images(3)] }).reason, "too_many");
});

Deno.test("more than six files are refused, also in fewer embeds", () => {
  const images = [BLOB, BLOB, BLOB, BLOB];
  const { reason, detail } = refused("post", { attachments: [{ images }, { images }] });
  assert.equal(reason, "too_many");
  assert.match(detail, /got 8 .* expected at most 6/);
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
