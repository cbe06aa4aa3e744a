/** One problem at a time: turns a valid record into one that must be rejected. */

import { ALLIANCE, EVENT, MEMBERSHIP, POST, SCENE, STREAM } from "./address.ts";
import type { Random } from "./random.ts";
import { type Author, coordinate, type Wire } from "./records.ts";
import { brokenReference, type World } from "./world.ts";

interface Target {
  readonly record: Wire;
  readonly random: Random;
  readonly author: Author;
}

type Spoil = (target: Target) => void;

const set = (field: string, value: unknown): Spoil => ({ record }) => {
  record[field] = value;
};
const drop = (field: string): Spoil => ({ record }) => {
  delete record[field];
};
const long = (field: string, length: number): Spoil => set(field, "é".repeat(length));
const breakReference = (field: string, target: string): Spoil => ({ record, random, author }) => {
  const uri = brokenReference(random, author.did, target);
  record[field] = random.pick<unknown>([uri, { uri, cid: "bafyrei" }]);
};
const items = (count: number, item: unknown): unknown[] =>
  Array.from({ length: count }, () => item);

const locate = (location: (random: Random) => unknown): Spoil => ({ record, random }) => {
  delete record.coarseGeohash;
  record.location = location(random);
};

const placeProblems: readonly Spoil[] = [
  locate((random) => ({ lat: 90.000001, lng: coordinate(random, 180) })),
  locate((random) => ({ lat: coordinate(random, 90), lng: -180.5, allowPrecise: true })),
  locate((random) => ({ lat: coordinate(random, 90) })),
  locate((random) => ({ lat: coordinate(random, 90), lon: coordinate(random, 180) })),
  locate((random) => ({
    lat: random.pick(["47,6", "4.7e1", "", " 47", "0x2f"]),
    lng: coordinate(random, 180),
  })),
  locate(() => "Berlin"),
  ({ record, random }) => {
    delete record.location;
    record.coarseGeohash = random.pick(["u33daa", "u33d!0", "ilo"]);
  },
];

/** By collection. Each leaves the rest of the record valid, so that its reason is the only one. */
const SPOILERS: ReadonlyMap<string, readonly Spoil[]> = new Map([
  [SCENE, [
    drop("name"),
    set("name", ""),
    set("name", 42),
    long("name", 256),
    long("description", 10_001),
    set("description", ["a"]),
    set("tags", "techno"),
    set("tags", ["a", 5]),
    set("tags", items(51, "t")),
    set("tags", ["t".repeat(101)]),
    set("visibility", "secret"),
    set("palette", "red"),
    set("palette", {
      primary: "#".repeat(33),
      secondary: "",
      accent: "",
      background: "",
      text: "",
    }),
    ...placeProblems,
  ]],
  [EVENT, [
    drop("name"),
    drop("sceneId"),
    drop("startsAt"),
    set("sceneId", ""),
    set("sceneId", 7),
    set("sceneId", { cid: "bafyrei" }),
    set("sceneId", { uri: ["s1"] }),
    set("startsAt", "tomorrow"),
    set("startsAt", "2026-02-30T10:00:00Z"),
    set("startsAt", "2026-08-20T09:30:00"),
    set("startsAt", 1787218201),
    set("endsAt", "2026-13-01T00:00:00Z"),
    ({ record }) => record.endsAt = record.startsAt,
    set("endsAt", "2001-01-01T00:00:00Z"),
    set("status", "postponed"),
    long("name", 256),
    breakReference("sceneId", SCENE),
    ...placeProblems,
  ]],
  [POST, [
    drop("text"),
    set("text", ""),
    long("text", 5001),
    ({ record }) => {
      delete record.sceneId;
      delete record.eventId;
    },
    set("labels", items(51, "nsfw")),
    set("labels", ["l".repeat(101)]),
    set("labels", { nsfw: true }),
    set("attachments", items(7, { url: "https://cdn.example/a" })),
    set("attachments", "none"),
    set("attachments", ["a"]),
    set("attachments", [{ url: 5 }]),
    breakReference("sceneId", SCENE),
    breakReference("eventId", EVENT),
    set("eventId", ""),
    set("eventId", 5),
  ]],
  [ALLIANCE, [
    drop("fromSceneId"),
    drop("toSceneId"),
    set("weight", 1.5),
    set("weight", -0.01),
    set("weight", "heavy"),
    set("weight", "1.5"),
    set("weight", "5e-1"),
    set("status", "friends"),
    long("reason", 257),
    set("since", "once"),
    breakReference("toSceneId", SCENE),
    ({ record }) => record.toSceneId = record.fromSceneId,
  ]],
  [MEMBERSHIP, [
    drop("sceneId"),
    set("sceneId", ""),
    breakReference("sceneId", SCENE),
    set("since", "2026-08-20"),
    ownerSays("role", "emperor"),
    ownerSays("status", "banned"),
    ownerSays("trustWeight", 1.0001),
    ownerSays("trustWeight", "full"),
  ]],
  [STREAM, [
    drop("roomName"),
    set("roomName", ""),
    long("roomName", 256),
    long("featuredParticipant", 256),
    set("isLocked", "yes"),
    set("startedAt", "2026-08-20 09:30:00Z?"),
    ({ record }) => {
      delete record.sceneId;
      delete record.eventId;
    },
    ({ record }) => {
      record.sceneId = "s1";
      record.eventId = "s1";
    },
    ({ record }) => {
      delete record.eventId;
      record.sceneId = "";
    },
  ]],
]);

/** A claim that counts only in the scene owner's record, where `member` names someone else. */
function ownerSays(field: string, value: unknown): Spoil {
  return ({ record }) => {
    record.member = "did:plc:member2345abcdefghijklm";
    record[field] = value;
  };
}

/** Problems of the record as data, whatever its collection. The outcome is the record to send. */
const REFUSED: readonly ((record: Wire) => unknown)[] = [
  () => undefined,
  () => "a record",
  () => [{ name: "Basement" }],
  (record) => ({ ...record, note: "a\u0000b" }),
  (record) => ({ ...record, note: "half \ud83c a pair" }),
  (record) => ({ ...record, ["key\u0000"]: 1 }),
  (record) => ({ ...record, deep: JSON.parse("[".repeat(2000) + "]".repeat(2000)) }),
];

/** Makes a valid record invalid. Undefined means that the commit has no record. */
export function spoil(
  { random }: World,
  collection: string,
  record: Wire,
  author: Author,
): unknown {
  const spoilers = SPOILERS.get(collection);
  if (spoilers === undefined || random.chance(0.15)) return random.pick(REFUSED)(record);
  random.pick(spoilers)({ record, random, author });
  return record;
}
