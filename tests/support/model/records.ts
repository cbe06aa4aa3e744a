/** Random valid records of the six collections. */

import { ALLIANCE, EVENT, MEMBERSHIP, POST, SCENE, STREAM } from "./address.ts";
import { writeMoment } from "./moment.ts";
import type { Random } from "./random.ts";
import { referenceTo, type World } from "./world.ts";

/** A record of the wire under construction. Its keys are the generator's own. */
export type Wire = { [field: string]: unknown };

export interface Author {
  readonly did: string;
  /** Time of the event, Unix microseconds. */
  readonly timeUs: number;
}

const TEXTS = [
  "Basement",
  "Rave in the Water Tower",
  " leading and trailing ",
  "quote ' double \" back \\ slash",
  "{a,b}",
  "NULL",
  "ünïcødé 🎛️ 夜",
  "line\nbreak\ttab",
  "<b>&amp;</b>",
  "constructor",
] as const;

export function text(random: Random): string {
  return random.chance(0.03) ? "🎧".repeat(random.between(100, 255)) : random.pick(TEXTS);
}

function moment(random: Random, aroundUs: number): string {
  const us = BigInt(aroundUs) + BigInt(random.between(-86_400, 86_400)) * 1_000_000n;
  const written = writeMoment(us);
  return random.weighted([
    [4, written],
    [2, `${written.slice(0, 19)}Z`],
    [2, `${written.slice(0, 23)}Z`],
    [1, `${written.slice(0, 26)}+05:30`],
    [1, `${written.slice(0, 19)}-08:00`],
  ]);
}

/** Sets a field sometimes, so that defaults occur as often as values. */
function maybe(random: Random, record: Wire, field: string, value: () => unknown): void {
  if (random.chance(0.4)) record[field] = value();
}

/** Six decimals that tell this place from all others, so that a leak of it can be found. */
export function coordinate(random: Random, limit: number): number {
  const whole = random.between(-limit + 1, limit - 1);
  return Number(`${whole}.${random.between(100_000, 999_998)}1`);
}

function place(random: Random, record: Wire): void {
  if (random.chance(0.1)) {
    record.coarseGeohash = random.pick(["u33dc0", "c23nb6", "gcp", "s0000"]);
  } else if (random.chance(0.6)) {
    const onBorder = random.chance(0.05);
    const lat = onBorder ? random.pick([0, 90, -90, 45]) : coordinate(random, 90);
    const lng = onBorder ? random.pick([0, 180, -180, -45]) : coordinate(random, 180);
    const consent = random.weighted<Wire>([
      [4, { allowPrecise: true }],
      [3, { allowPrecise: false }],
      [3, {}],
    ]);
    record.location = { lat: written(random, lat), lng: written(random, lng), ...consent };
  }
}

/** A number as it is, or as decimal text. */
function written(random: Random, value: number): number | string {
  return random.chance(0.3) && !/e/.test(`${value}`) ? `${value}` : value;
}

function tags(random: Random): string[] {
  return Array.from({ length: random.between(0, 3) }, () => text(random).slice(0, 50));
}

function scene({ random }: World): Wire {
  const record: Wire = { name: text(random) };
  maybe(random, record, "description", () => random.chance(0.2) ? "" : text(random));
  maybe(random, record, "tags", () => tags(random));
  maybe(random, record, "visibility", () => random.pick(["public", "private", "unlisted"]));
  maybe(random, record, "palette", () => ({
    primary: "#102030",
    secondary: "#405060",
    accent: "#708090",
    background: "#ffffff",
    text: "#000000",
  }));
  place(random, record);
  return record;
}

function event(world: World, { did, timeUs }: Author): Wire {
  const { random } = world;
  const starts = timeUs + random.between(-1000, 1000) * 1_000_000;
  const record: Wire = {
    name: text(random),
    sceneId: referenceTo(world, did, SCENE),
    startsAt: writeMoment(BigInt(starts)),
  };
  maybe(random, record, "endsAt", () => {
    const length = random.pick([1, 1_000_000, 3_600_000_000]);
    return writeMoment(BigInt(starts + length));
  });
  maybe(random, record, "description", () => text(random));
  maybe(random, record, "tags", () => tags(random));
  maybe(random, record, "status", () => random.pick(["scheduled", "live", "ended", "cancelled"]));
  place(random, record);
  return record;
}

function post(world: World, { did }: Author): Wire {
  const { random } = world;
  const record: Wire = { text: text(random) };
  const names = random.weighted([[4, "scene"], [4, "event"], [3, "both"]]);
  if (names !== "event") record.sceneId = referenceTo(world, did, SCENE);
  if (names !== "scene") record.eventId = referenceTo(world, did, EVENT);
  maybe(random, record, "labels", () => [random.pick(["nsfw", "spam", "hidden"])]);
  maybe(random, record, "attachments", () => attachments(random));
  return record;
}

const BLOB_CID = "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity";

function blob(random: Random): Wire {
  const size = random.pick([0, 10_000]);
  return { $type: "blob", ref: { $link: BLOB_CID }, mimeType: "image/jpeg", size };
}

function attachments(random: Random): Wire[] {
  return Array.from({ length: random.between(0, 6) }, () => {
    const item: Wire = random.weighted<Wire>([
      [5, { url: "https://cdn.example/a.jpg", type: "image/jpeg" }],
      [1, blob(random)],
      [1, { cid: BLOB_CID, mimeType: "image/png" }],
      [1, { alt: "a flyer", image: blob(random), aspectRatio: { width: 4, height: 3 } }],
      [1, { $type: "app.subcult.embed", thumb: { image: blob(random) } }],
      [1, {}],
    ]);
    maybe(random, item, "key", () => "media/a.jpg");
    maybe(random, item, "sizeBytes", () => random.pick([0, 1, 123_456]));
    maybe(random, item, "width", () => 640);
    maybe(random, item, "height", () => 0);
    maybe(random, item, "durationSeconds", () => written(random, 12.5));
    return item;
  });
}

function alliance(world: World, { did, timeUs }: Author): Wire {
  const { random } = world;
  const from = referenceTo(world, did, SCENE);
  let to = referenceTo(world, did, SCENE);
  if (to === from) to = "other";
  const record: Wire = { fromSceneId: from, toSceneId: to };
  maybe(random, record, "weight", () => written(random, random.pick([0, 1, 0.25, 0.1 + 0.2])));
  maybe(
    random,
    record,
    "status",
    () => random.pick(["pending", "active", "rejected", "dissolved"]),
  );
  maybe(random, record, "reason", () => text(random));
  maybe(random, record, "since", () => moment(random, timeUs));
  return record;
}

function membership(world: World, { did, timeUs }: Author): Wire {
  const { random, dids } = world;
  const record: Wire = { sceneId: referenceTo(world, did, SCENE) };
  maybe(random, record, "member", () => random.pick([...dids, "did:plc:member2345abcdefghijklm"]));
  maybe(random, record, "role", () => random.pick(["owner", "curator", "member", "guest"]));
  maybe(random, record, "status", () => random.pick(["pending", "active", "rejected"]));
  maybe(random, record, "trustWeight", () => written(random, random.pick([0, 1, 0.8])));
  maybe(random, record, "since", () => moment(random, timeUs));
  return record;
}

function stream(world: World, { did, timeUs }: Author): Wire {
  const { random } = world;
  const record: Wire = { roomName: text(random) };
  if (random.chance(0.5)) record.sceneId = referenceTo(world, did, SCENE);
  else record.eventId = referenceTo(world, did, EVENT);
  if (random.chance(0.5)) {
    record.startedAt = writeMoment(BigInt(timeUs - 60_000_000));
    maybe(random, record, "endedAt", () => writeMoment(BigInt(timeUs + 60_000_000)));
  }
  maybe(random, record, "isLocked", () => random.chance(0.5));
  maybe(random, record, "featuredParticipant", () => text(random));
  return record;
}

const MAKERS: ReadonlyMap<string, (world: World, author: Author) => Wire> = new Map([
  [SCENE, scene],
  [EVENT, event],
  [POST, post],
  [ALLIANCE, alliance],
  [MEMBERSHIP, membership],
  [STREAM, stream],
]);

/** A valid record; whether its references resolve depends on the stream. */
export function validRecord(world: World, collection: string, author: Author): Wire {
  const { random } = world;
  const record = MAKERS.get(collection)?.(world, author) ?? { emoji: "🥇", level: 3 };
  record.$type = collection;
  maybe(random, record, "createdAt", () =>
    random.weighted<unknown>([
      [8, moment(random, author.timeUs)],
      [1, "a while ago"],
      [1, 20260820],
    ]));
  if (random.chance(0.1)) {
    record.futureField = { nested: [1, "two", null, { three: 3 }], large: 2 ** 53 + 2 };
  }
  return record;
}
