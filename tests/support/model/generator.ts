/** Generates a stream of frames from a seed, in the order in which an instance would send them. */

import { ALLIANCE, EVENT, MEMBERSHIP, POST, SCENE, STREAM } from "./address.ts";
import { type Protocol, wrap } from "./envelope.ts";
import { brokenFrame } from "./broken_frame.ts";
import { askAndDecide, handOver, type Passage, type Write } from "./passages.ts";
import { spoil } from "./problems.ts";
import { Random } from "./random.ts";
import { validRecord, type Wire } from "./records.ts";
import { cidOf, tidOf } from "./wire_identifier.ts";
import { makeWorld, type World } from "./world.ts";

/** 2026-08-20T09:30:01Z, where every stream begins. */
const START_US = 1_787_218_201_000_000;

export interface StreamOptions {
  /** Number of events; drawn from 20 to 200 when absent. */
  readonly length?: number;
  /** Drawn when absent: one stream in three is of v2. */
  readonly protocol?: Protocol;
}

/** A stream, oldest frame first. */
export function generateStream(seed: number, options: StreamOptions = {}): string[] {
  const random = new Random(seed, 1);
  const length = options.length ?? random.weighted([
    [3, random.between(20, 40)],
    [2, random.between(40, 100)],
    [1, random.between(100, 200)],
  ]);
  const protocol = options.protocol ?? (random.chance(0.35) ? "v2" : "v1");
  const generator = new Generator(random, protocol);
  return Array.from({ length }, () => generator.frame());
}

class Generator {
  readonly #random: Random;
  readonly #world: World;
  readonly #protocol: Protocol;
  readonly #sendsCursor: boolean;
  readonly #weights: {
    readonly account: number;
    readonly identity: number;
    readonly sync: number;
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
  /** Frames that must come next. */
  readonly #planned: (() => string)[] = [];
  #timeUs = START_US;
  #revUs = START_US;
  #cursor = 90_000_000;
  #relaySeq = 32_000_000_000;

  constructor(random: Random, protocol: Protocol) {
    this.#random = random;
    this.#protocol = protocol;
    this.#world = makeWorld(random);
    this.#sendsCursor = protocol === "v2" || random.chance(0.5);
    const some = (most: number): number => random.next() ** 2 * most;
    this.#weights = {
      account: some(25),
      identity: some(15),
      sync: protocol === "v2" ? some(10) : 0,
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
    this.#cursor += this.#random.between(1, 50);
    const planned = this.#planned.shift();
    if (planned !== undefined) return planned();
    this.#timeUs += this.#random.between(1, 5_000_000);
    const { account, identity, sync, malformed, foreign } = this.#weights;
    const kind = this.#random.weighted([
      [60, "commit"],
      [account, "account"],
      [identity, "identity"],
      [sync, "sync"],
      [malformed, "malformed"],
      [foreign, "foreign"],
      [1, "hand over"],
      [2, "request"],
    ]);
    const did = this.#random.pick(this.#world.dids);
    if (kind === "commit") return this.#write({ did, kind, commit: this.#commit(did) });
    if (kind === "hand over") return this.#begin(handOver);
    if (kind === "request") return this.#begin(askAndDecide);
    if (kind === "account") return this.#write({ did, kind, account: this.#account(did) });
    if (kind === "identity") return this.#write({ did, kind, identity: this.#identity(did) });
    if (kind === "sync") return this.#write({ did, kind, sync: this.#rebuild(did) });
    return kind === "foreign" ? this.#foreign(did) : this.#malformed(did);
  }

  /** Adds the envelope. Now and then its members come in another order, or spaced out. */
  #write(message: Wire): string {
    const cursor = this.#sendsCursor ? this.#cursor : null;
    const wrapped = wrap(this.#protocol, message, { timeUs: this.#timeUs, cursor });
    const envelope = this.#random.chance(0.95)
      ? wrapped
      : Object.fromEntries(Object.entries(wrapped).reverse());
    return this.#random.chance(0.98) ? JSON.stringify(envelope) : JSON.stringify(envelope, null, 1);
  }

  #commit(did: string): Wire {
    const random = this.#random;
    const collections = this.#collections
      .filter(([, collection]) => collection !== SCENE || this.#world.owners.includes(did));
    const collection = random.weighted(collections);
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
    const operation = isPresent ? "update" : "create";
    return { rev, ...this.#content(did, collection, random.chance(0.9) ? operation : null), rkey };
  }

  /** The first frame of a passage; the others must follow, all at one time. */
  #begin(passage: Passage): string {
    const [first, ...others] = passage(this.#world, (write) => () => this.#named(write));
    this.#planned.push(...others);
    return first();
  }

  /** The frame that creates a record of this key, or deletes it. */
  #named({ did, collection, rkey, fields }: Write): string {
    const key = `${did} ${collection} ${rkey}`;
    const rev = this.#nextRev(did, key);
    if (fields === null) this.#present.delete(key);
    else this.#present.add(key);
    const record = { $type: collection, ...fields };
    const content = fields === null ? {} : { record, cid: cidOf(record) };
    const operation = fields === null ? "delete" : "create";
    return this.#write({
      did,
      kind: "commit",
      commit: { rev, operation, collection, rkey, ...content },
    });
  }

  /** A record, mostly a valid one, and the operation that brings it; any of the two when it is null. */
  #content(did: string, collection: string, operation: "create" | "update" | null): Wire {
    const random = this.#random;
    const author = { did, timeUs: this.#timeUs };
    const valid = validRecord(this.#world, collection, author);
    const record = random.chance(this.#weights.invalid)
      ? spoil(this.#world, collection, valid, author)
      : valid;
    const said = operation ?? random.pick(["create", "update"]);
    return { operation: said, collection, record, cid: cidOf(record) };
  }

  /**
   * A repository that is rebuilt: what it still has comes again, at the same time, with the revision of
   * the rebuild, which can be the newest that is known. The rest is gone.
   */
  #rebuild(did: string): Wire {
    const random = this.#random;
    const newest = this.#revs.get(did);
    const rev = newest !== undefined && random.chance(0.4) ? newest : this.#newRev();
    this.#revs.set(did, rev);
    const held = [...this.#present].filter((key) => key.startsWith(`${did} `));
    for (const key of held) {
      const [, collection = "", rkey = ""] = key.split(" ");
      this.#revs.set(`${rev} ${key}`, rev);
      if (random.chance(0.3)) this.#present.delete(key);
      else {
        this.#planned.push(() => {
          const commit = { rev, ...this.#content(did, collection, "create"), rkey };
          return this.#write({ did, kind: "commit", commit });
        });
      }
    }
    return { did, rev, ...this.#relay() };
  }

  /** The next revision; records of one upstream commit share theirs. */
  #nextRev(did: string, key: string): string {
    const last = this.#revs.get(did);
    const usedBy = `${last} ${key}`;
    const shared = last !== undefined && !this.#revs.has(usedBy) && this.#random.chance(0.15);
    const rev = shared ? last : this.#newRev();
    this.#revs.set(did, rev);
    this.#revs.set(`${rev} ${key}`, rev);
    return rev;
  }

  /** A revision above all that came before, whatever clock made it. */
  #newRev(): string {
    this.#revUs = Math.max(this.#timeUs, this.#revUs + 1);
    return tidOf(this.#revUs, this.#random.between(0, 1023));
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
      [1, "com.example.defs#frozen"],
      [1, "under review"],
      [1, ""],
      [1, "since 2026"],
    ]);
    return { active, did, ...this.#relay(), ...(active ? {} : { status }) };
  }

  #identity(did: string): Wire {
    const handle = this.#random.pick([
      "one.example.com",
      "two.example.com",
      "handle.invalid",
      "a..b",
      "10.0.0.1",
    ]);
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
    const frame = brokenFrame(random, { did, timeUs: this.#timeUs }, (parts) => this.#write(parts));
    this.#broken.push(frame);
    return frame;
  }
}
