/** Generates a stream of v1 frames from a seed, in the order in which an instance would send them. */

import { createHash } from "node:crypto";
import { ALLIANCE, EVENT, MEMBERSHIP, POST, SCENE, STREAM } from "./address.ts";
import { spoil } from "./problems.ts";
import { Random } from "./random.ts";
import { coordinate, validRecord, type Wire } from "./records.ts";
import { makeWorld, type World } from "./world.ts";

const SORTABLE = "234567abcdefghijklmnopqrstuvwxyz";
const LOWER = "abcdefghijklmnopqrstuvwxyz234567";
/** 2026-08-20T09:30:01Z, where every stream begins. */
const START_US = 1_787_218_201_000_000;

export interface StreamOptions {
  /** Number of events; drawn from 20 to 200 when absent. */
  readonly length?: number;
}

/** A stream, oldest frame first. */
export function generateStream(seed: number, options: StreamOptions = {}): string[] {
  const random = new Random(seed, 1);
  const length = options.length ?? random.weighted([
    [3, random.between(20, 40)],
    [2, random.between(40, 100)],
    [1, random.between(100, 200)],
  ]);
  const generator = new Generator(random);
  return Array.from({ length }, () => generator.frame());
}

/** A timestamp identifier for a time in Unix microseconds. */
export function tidOf(timeUs: number, clock: number): string {
  let bits = BigInt(timeUs) << 10n | BigInt(clock);
  let text = "";
  for (let place = 0; place < 13; place++, bits >>= 5n) {
    text = SORTABLE.charAt(Number(bits & 31n)) + text;
  }
  return text;
}

class Generator {
  readonly #random: Random;
  readonly #world: World;
  readonly #sendsCursor: boolean;
  readonly #weights: {
    readonly account: number;
    readonly identity: number;
    readonly malformed: number;
    readonly foreign: number;
    readonly invalid: number;
    readonly delete: number;
  };
  readonly #collections: readonly (readonly [number, string])[];
  /** Keys that hold a record now, and the newest rev and malformed frame. */
  readonly #present = new Set<string>();
  readonly #inactive = new Set<string>();
  readonly #revs = new Map<string, string>();
  readonly #broken: string[] = [];
  #timeUs = START_US;
  #cursor = 90_000_000;
  #relaySeq = 32_000_000_000;

  constructor(random: Random) {
    this.#random = random;
    this.#world = makeWorld(random);
    this.#sendsCursor = random.chance(0.5);
    const some = (most: number): number => random.next() ** 2 * most;
    this.#weights = {
      account: some(25),
      identity: some(15),
      malformed: some(10),
      foreign: some(10),
      invalid: some(0.5),
      delete: 0.15 + some(0.4),
    };
    this.#collections = [
      [3 + some(4), SCENE],
      [2 + some(4), EVENT],
      [1 + some(4), POST],
      [some(4), ALLIANCE],
      [some(4), MEMBERSHIP],
      [some(4), STREAM],
      [some(1), "app.subcult.badge"],
    ];
  }

  frame(): string {
    this.#timeUs += this.#random.between(1, 5_000_000);
    this.#cursor += this.#random.between(1, 50);
    const { account, identity, malformed, foreign } = this.#weights;
    const kind = this.#random.weighted([
      [60, "commit"],
      [account, "account"],
      [identity, "identity"],
      [malformed, "malformed"],
      [foreign, "foreign"],
    ]);
    const did = this.#random.pick(this.#world.dids);
    if (kind === "commit") return this.#write({ did, kind, commit: this.#commit(did) });
    if (kind === "account") return this.#write({ did, kind, account: this.#account(did) });
    if (kind === "identity") return this.#write({ did, kind, identity: this.#identity(did) });
    return kind === "foreign" ? this.#foreign(did) : this.#malformed(did);
  }

  /** Adds the envelope. Now and then its members come in another order, or spaced out. */
  #write(message: Wire): string {
    const cursor = this.#sendsCursor ? { cursor: this.#cursor } : {};
    const { did, ...rest } = message;
    const envelope = this.#random.chance(0.95)
      ? { did, time_us: this.#timeUs, ...cursor, ...rest }
      : { ...rest, ...cursor, time_us: this.#timeUs, did };
    return this.#random.chance(0.98) ? JSON.stringify(envelope) : JSON.stringify(envelope, null, 1);
  }

  #commit(did: string): Wire {
    const random = this.#random;
    const collection = random.weighted(this.#collections);
    const rkey = random.pick(this.#world.rkeys);
    const key = `${did} ${collection} ${rkey}`;
    const rev = this.#nextRev(did, key);
    const isPresent = this.#present.has(key);
    const deletes = random.chance(isPresent ? this.#weights.delete : 0.05);
    if (deletes) {
      this.#present.delete(key);
      return { rev, operation: "delete", collection, rkey };
    }
    this.#present.add(key);
    const author = { did, timeUs: this.#timeUs };
    const valid = validRecord(this.#world, collection, author);
    const record = random.chance(this.#weights.invalid)
      ? spoil(this.#world, collection, valid, author)
      : valid;
    const honest = isPresent ? "update" : "create";
    const operation = random.chance(0.9) ? honest : random.pick(["create", "update"]);
    return { rev, operation, collection, rkey, record, cid: cidOf(record) };
  }

  /** The next revision; records of one upstream commit share theirs. */
  #nextRev(did: string, key: string): string {
    const last = this.#revs.get(did);
    const usedBy = `${last} ${key}`;
    const shared = last !== undefined && !this.#revs.has(usedBy) && this.#random.chance(0.15);
    const rev = shared ? last : tidOf(this.#timeUs, this.#random.between(0, 1023));
    this.#revs.set(did, rev);
    this.#revs.set(`${rev} ${key}`, rev);
    return rev;
  }

  #account(did: string): Wire {
    const wasInactive = this.#inactive.has(did);
    const active = this.#random.chance(wasInactive ? 0.7 : 0.2);
    if (active) this.#inactive.delete(did);
    else this.#inactive.add(did);
    const status = this.#random.weighted([
      [3, "deactivated"],
      [2, "takendown"],
      [2, "suspended"],
      [2, "deleted"],
    ]);
    return { active, did, ...this.#relay(), ...(active ? {} : { status }) };
  }

  #identity(did: string): Wire {
    const handle = this.#random.pick(["one.example.com", "two.example.com", "handle.invalid"]);
    return { did, ...this.#relay(), ...(this.#random.chance(0.8) ? { handle } : {}) };
  }

  #relay(): Wire {
    this.#relaySeq += this.#random.between(1, 1000);
    return { seq: this.#relaySeq, time: new Date(this.#timeUs / 1000).toISOString() };
  }

  #foreign(did: string): string {
    const collection = this.#random.pick(["app.bsky.feed.post", "app.subculture.scene"]);
    const rev = tidOf(this.#timeUs, 0);
    const record = { $type: collection, text: '"collection":"app.subcult.scene"' };
    const commit = { rev, operation: "create", collection, rkey: "s1", record, cid: cidOf(record) };
    return this.#random.chance(0.8)
      ? this.#write({ did, kind: "commit", commit })
      : this.#write({ did, kind: "novelty", novelty: { text: "of a kind to come" } });
  }

  /** A frame that can't be decoded; sometimes exactly one that came before. */
  #malformed(did: string): string {
    const random = this.#random;
    if (this.#broken.length > 0 && random.chance(0.2)) return random.pick(this.#broken);
    const rev = tidOf(this.#timeUs, 1);
    const location = { lat: coordinate(random, 90), lng: coordinate(random, 180) };
    const record = { $type: SCENE, name: "Broken", location };
    const commit = { rev, operation: "create", collection: SCENE, rkey: "s1", record };
    const whole = this.#write({ did, kind: "commit", commit });
    const frame = random.pick([
      () => whole.slice(0, random.between(1, whole.length - 1)),
      () => "",
      () => "[]",
      () => "null",
      () => "not json",
      () => this.#write({ did, kind: "commit", commit: { ...commit, operation: "upsert" } }),
      () => this.#write({ did, kind: "commit", commit: { ...commit, rev: "not a rev" } }),
      () => this.#write({ did, kind: "commit", commit: { ...commit, rkey: "a/b" } }),
      () => this.#write({ did, kind: "commit", commit: { ...commit, rev: undefined } }),
      () => this.#write({ did, kind: "commit", commit: { ...commit, rkey: undefined } }),
      () => this.#write({ did: "alice.test", kind: "commit", commit }),
      () => this.#write({ kind: "commit", commit }),
      () => this.#write({ did, kind: "account", account: { did, ...this.#relay() } }),
    ])();
    this.#broken.push(frame);
    return frame;
  }
}

/** A well-formed CID for the record; it names the JSON, since nothing recomputes it. */
function cidOf(record: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(record) ?? "").digest();
  let text = "b";
  let value = 0;
  let bits = 0;
  for (const byte of [0x01, 0x71, 0x12, 0x20, ...digest]) {
    value = (value << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += LOWER.charAt(value >> (bits - 5) & 31);
  }
  return bits === 0 ? text : text + LOWER.charAt(value << (5 - bits) & 31);
}
