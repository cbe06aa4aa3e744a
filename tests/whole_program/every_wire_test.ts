/** From the bytes of each protocol to the rows: a record gives the same row on every protocol. */

import assert from "node:assert/strict";
import { coarsen } from "../../lib/mapper/consent/consent.ts";
import { type Both, integer, link, list, object, text } from "../support/both_encodings.ts";
import { concat } from "../support/decoder_binary_samples.ts";
import { databaseTest } from "../support/database.ts";
import { DID } from "../support/decoder_samples.ts";
import { onEveryWire } from "../support/every_wire.ts";
import { Folded } from "../support/folded.ts";

/** A raw block's CID, as blobs have them: of the bytes 0, 1, 2. */
const blobLink = (byte: number): Both =>
  link(concat(Uint8Array.of(1, 0x55, 0x12, 32), new Uint8Array(32).fill(byte)));

const cidOf = (blob: Both): string => JSON.parse(blob.json).$link;

const [PHOTO, SONG, OLD, FIRST, SECOND] = [1, 2, 3, 4, 5].map(blobLink) as [
  Both,
  Both,
  Both,
  Both,
  Both,
];

function blob(ref: Both, mimeType: string, size: bigint): Both {
  return object({ $type: text("blob"), ref, mimeType: text(mimeType), size: integer(size) });
}

const image = (ref: Both, alt: string): Both =>
  object({
    alt: text(alt),
    image: blob(ref, "image/webp", 70_001n),
    aspectRatio: object({ width: integer(1600n), height: integer(900n) }),
  });

const SCENE = object({
  $type: text("app.subcult.scene"),
  name: text("Tide tables"),
  location: object({ lat: text("47.6062"), lng: text("-122.3321") }),
});

const DECISION = object({
  $type: text("app.subcult.membership"),
  sceneId: text("scene1"),
  member: text("did:plc:member"),
  status: text("active"),
  trustWeight: text("0.35"),
});

const POST = object({
  $type: text("app.subcult.post"),
  text: text("Look and listen"),
  sceneId: object({
    $type: text("com.atproto.repo.strongRef"),
    uri: text(`at://${DID}/app.subcult.scene/scene1`),
    cid: text(cidOf(PHOTO)),
  }),
  attachments: list(
    blob(PHOTO, "image/jpeg", 123_456n),
    object({ file: blob(SONG, "audio/ogg", 5_000_000n), durationSeconds: text("213.5") }),
    object({ cid: text(cidOf(OLD)), mimeType: text("image/png") }),
    object({
      $type: text("app.bsky.embed.images"),
      images: list(image(FIRST, "the door"), image(SECOND, "the floor")),
    }),
    object({ nothing: text("that an app reads") }),
  ),
});

const ATTACHMENTS = [
  { cid: cidOf(PHOTO), type: "image/jpeg", size_bytes: 123_456 },
  { cid: cidOf(SONG), type: "audio/ogg", size_bytes: 5_000_000, duration_seconds: 213.5 },
  { cid: cidOf(OLD), type: "image/png" },
  { cid: cidOf(FIRST), type: "image/webp", size_bytes: 70_001, width: 1600, height: 900 },
  { cid: cidOf(SECOND), type: "image/webp", size_bytes: 70_001, width: 1600, height: 900 },
];

databaseTest(
  "blobs, decimal text and strong references give the same rows on every protocol",
  async (database) => {
    const { sql } = database;
    const made = [["scene", SCENE], ["membership", DECISION], ["post", POST]] as const;
    const wires = made.map(([name, record]) =>
      onEveryWire(record, { collection: `app.subcult.${name}`, coarsen })
    );
    let seen = 0;
    for (const wire of Object.keys(wires[0] ?? {})) {
      await sql`truncate records, accounts, scenes cascade`;
      const folded = new Folded(database);
      const events = wires.flatMap((byWire) => byWire[wire] ?? []);
      const { outcomes } = await folded.decoded(events);
      assert.deepEqual(outcomes, ["applied", "applied", "applied"], wire);
      const [post] = await sql<{ attachments: unknown; in_scene: string }[]>`
        select p.attachments, s.name as in_scene from posts p join scenes s on s.id = p.scene_id`;
      assert.deepEqual(post, { attachments: ATTACHMENTS, in_scene: "Tide tables" }, wire);
      const [scene] = await sql<{ coarse_geohash: string; exact: boolean }[]>`
        select coarse_geohash, precise_point is not null as exact from scenes`;
      assert.deepEqual(scene, { coarse_geohash: "c23nb6", exact: false }, wire);
      const [decision] = await sql<{ status: string; trust_weight: number }[]>`
        select status, trust_weight from memberships`;
      assert.deepEqual(decision, { status: "active", trust_weight: 0.35 }, wire);
      const [kept] = await sql<{ record: unknown }[]>`
        select record from records where collection = 'app.subcult.post'`;
      assert.deepEqual(kept?.record, JSON.parse(POST.json), wire);
      const leaks = await sql`select from records where record::text ~ '47\.60|122\.33'`;
      assert.equal(leaks.length, 0, wire);
      seen++;
    }
    assert.ok(seen >= 6);
  },
);
