/**
 * The stream that the benchmarks play: the six collections, with references that resolve, sizes as
 * those of real records (about 550 bytes a message), and varying words.
 * An event is computed from its number, so a stream of any length needs no memory.
 */

/** Events that belong together: two scenes of one owner, and what happens around them. */
const GROUP = 20;

/** How many groups back a post may refer, and an owner's decision on a request does. */
const REACH = 500;

const START_US = 1_780_000_000_000_000;
const BASE32 = "234567abcdefghijklmnopqrstuvwxyz";
const SYLLABLES = ["ka", "lo", "mi", "ru", "ten", "sol", "va", "dri", "fen", "gor", "ish", "pal"];
const CID = "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

/** A number as base32 digits that sort as it does. */
function digits(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) {
    text = BASE32.charAt(rest % 32) + text;
  }
  return text;
}

export function scattered(value: number): number {
  let hash = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function did(name: string, number: number): string {
  return `did:plc:${name}${digits(scattered(number), 7)}${digits(number, 24 - name.length - 7)}`;
}

export function timeOf(index: number): number {
  return START_US + index * 1000;
}

/** The event that a cursor asks for: a number, or from 10^15 on a time in microseconds. */
export function numberAt(cursor: number): number {
  return cursor >= 1e15 ? Math.ceil((cursor - START_US) / 1000) : cursor - 1;
}

/** The TID of an event's time: eleven digits of microseconds, two of the clock. */
export function tidOf(index: number, clock = "22"): string {
  return digits(timeOf(index), 11) + clock;
}

function words(seed: number, count: number): string {
  const list: string[] = [];
  for (let at = 0; at < count; at++) {
    // Common words are common: the square of a random number.
    const word = Math.floor((scattered(seed * 31 + at) / 2 ** 32) ** 2 * 1728);
    list.push(
      SYLLABLES[word % 12]! + SYLLABLES[Math.floor(word / 12) % 12]! +
        SYLLABLES[Math.floor(word / 144)]!,
    );
  }
  return list.join(" ");
}

/** Number of the first event of a group. */
const firstOf = (group: number): number => group * GROUP;
const ownerOf = (group: number): string => did("bench", group);
export const scene = (group: number, which: number): string =>
  `at://${ownerOf(group)}/app.subcult.scene/${tidOf(firstOf(group) + which)}`;
/** DID of the account that sends the membership request of that number. */
const memberAt = (index: number): string => did("member", scattered(index) % 20_000);
const night = (group: number, which: number): string =>
  `at://${ownerOf(group)}/app.subcult.event/${tidOf(firstOf(group) + 2 + which)}`;

interface Body {
  readonly did: string;
  readonly collection: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Events from a number on refer to none before it. Numbers are also the cursors; the first is 1. */
export class SampleStream {
  readonly #firstGroup: number;

  constructor(from = 0) {
    this.#firstGroup = Math.floor(from / GROUP);
  }

  /** The v1 message of an event. */
  message(index: number): string {
    const { did, collection, record } = this.#body(index);
    const timeUs = timeOf(index);
    return JSON.stringify({
      did,
      time_us: timeUs,
      cursor: index + 1,
      kind: "commit",
      commit: {
        rev: tidOf(index, "33"),
        operation: "create",
        collection,
        rkey: tidOf(index),
        record: {
          $type: collection,
          ...record,
          createdAt: new Date(timeUs / 1000).toISOString(),
        },
        cid: CID,
      },
    });
  }

  #body(index: number): Body {
    const group = Math.floor(index / GROUP);
    const part = index % GROUP;
    const owner = ownerOf(group);
    if (part < 2) {
      return { did: owner, collection: "app.subcult.scene", record: sceneRecord(index) };
    }
    if (part < 6) {
      // Half of them name their scene by its bare rkey.
      const sceneId = part % 2 === 0 ? scene(group, 0) : tidOf(firstOf(group) + 1);
      return {
        did: owner,
        collection: "app.subcult.event",
        record: { ...eventRecord(index), sceneId },
      };
    }
    if (part < 14) {
      const about = Math.max(this.#firstGroup, group - scattered(index) % REACH);
      const parent = part % 2 === 0 ? { sceneId: scene(about, 0) } : { eventId: night(about, 1) };
      // Of this group only what came before.
      return {
        did: did("writer", scattered(index) % 5000),
        collection: "app.subcult.post",
        record: { text: words(index, 24), ...parent },
      };
    }
    if (part < 16) {
      const toSceneId = group > this.#firstGroup ? scene(group - 1, part - 14) : scene(group, 1);
      return {
        did: owner,
        collection: "app.subcult.alliance",
        record: {
          fromSceneId: scene(group, 0),
          toSceneId,
          weight: (index % 10) / 10,
          reason: words(index, 10),
        },
      };
    }
    if (part < 18) {
      return {
        did: memberAt(index),
        collection: "app.subcult.membership",
        record: { sceneId: scene(group, 0), since: startOf(index) },
      };
    }
    if (part === 18) {
      const asked = group - REACH;
      const isAnswer = asked >= this.#firstGroup;
      return {
        did: ownerOf(isAnswer ? asked : group),
        collection: "app.subcult.membership",
        record: {
          sceneId: scene(isAnswer ? asked : group, 0),
          member: isAnswer ? memberAt(firstOf(asked) + 16) : did("guest", index),
          role: "curator",
          status: "active",
          trustWeight: 0.8,
        },
      };
    }
    return {
      did: owner,
      collection: "app.subcult.stream",
      record: { eventId: night(group, 0), roomName: words(index, 2).replace(" ", "-") },
    };
  }
}

function startOf(index: number): string {
  return new Date(timeOf(index) / 1000 + 7 * 86_400_000).toISOString();
}

function sceneRecord(index: number): Record<string, unknown> {
  return {
    name: words(index, 3),
    description: words(index + 1, 18),
    tags: words(index + 2, 3).split(" "),
    visibility: "public",
    location: locationOf(index),
    palette: { primary: "#7f1d1d", background: "#0a0a0a", text: "#fafafa" },
  };
}

function eventRecord(index: number): Record<string, unknown> {
  return {
    name: words(index, 4),
    description: words(index + 1, 16),
    tags: words(index + 2, 2).split(" "),
    startsAt: startOf(index),
    location: locationOf(index),
  };
}

function locationOf(index: number): Record<string, unknown> {
  return {
    lat: 48 + (scattered(index) % 80_000) / 10_000,
    lng: 2 + (scattered(index + 7) % 180_000) / 10_000,
    allowPrecise: index % 3 === 0,
  };
}

/** The collection of foreign messages. */
export const FOREIGN_COLLECTION = "app.bsky.feed.post";

/** A foreign v1 message of usual length. */
export function foreignMessage(index: number): string {
  const timeUs = timeOf(index);
  return JSON.stringify({
    did: did("other", scattered(index) % 100_000),
    time_us: timeUs,
    cursor: index + 1,
    kind: "commit",
    commit: {
      rev: tidOf(index, "33"),
      operation: "create",
      collection: FOREIGN_COLLECTION,
      rkey: tidOf(index),
      record: {
        $type: FOREIGN_COLLECTION,
        text: words(index, 22),
        langs: ["en"],
        createdAt: new Date(timeUs / 1000).toISOString(),
      },
      cid: CID,
    },
  });
}
