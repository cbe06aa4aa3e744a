/** The accounts and keys of a generated stream: few repositories, few record keys, many collisions. */

import { EVENT, SCENE } from "./address.ts";
import type { Random } from "./random.ts";

const DIDS = [
  "did:plc:alice2345abcdefghijklmno",
  "did:plc:bob23456abcdefghijklmnop",
  "did:web:carol.example.com",
  "did:plc:dave2345abcdefghijklmnop",
] as const;

/** Valid keys, some of which break careless code. */
const RKEYS = [
  "s1",
  "s2",
  "3mwztfqjv7c2a",
  "did:plc:x::y",
  "self",
  "__proto__",
  "a~b_c.d",
] as const;

export interface World {
  readonly random: Random;
  readonly dids: readonly string[];
  readonly rkeys: readonly string[];
  /** Those that have scenes. The others have only what refers to them, mostly by a bare rkey. */
  readonly owners: readonly string[];
}

export function makeWorld(random: Random): World {
  const dids = DIDS.slice(0, random.weighted([[1, 1], [1, 2], [2, 3], [4, 4]]));
  const first = random.between(0, RKEYS.length - 1);
  const count = random.between(1, 3);
  const rkeys = Array.from(
    { length: count },
    (_, place) => RKEYS[(first + place) % RKEYS.length] ?? "s1",
  );
  const owners = random.chance(0.4) ? dids : dids.slice(0, Math.max(1, dids.length - 1));
  return { random, dids, rkeys, owners };
}

/** A reference to a record of `target`, mostly to one that the stream may hold. */
export function referenceTo(world: World, author: string, target: string): unknown {
  const { random, dids, rkeys } = world;
  const rkey = random.chance(0.95) ? random.pick(rkeys) : "ghost";
  const other = random.pick(dids);
  return random.weighted<unknown>([
    [10, rkey],
    [5, `at://${author}/${target}/${rkey}`],
    [3, `at://${other}/${target}/${rkey}`],
    [1, { $type: "com.atproto.repo.strongRef", uri: `at://${author}/${target}/${rkey}`, cid: "b" }],
    [1, { uri: `at://${other}/${target}/${rkey}`, cid: "bafyrei" }],
  ]);
}

/** References that name nothing: a handle, a wrong collection, a lost or surplus part, no key at all. */
export function brokenReference(random: Random, author: string, target: string): string {
  const wrong = target === SCENE ? EVENT : SCENE;
  return random.pick([
    `at://alice.test/${target}/s1`,
    `at://${author}/${wrong}/s1`,
    `at://${author}/${target}`,
    `at://${author}/${target}/s1/more`,
    `at://${author}/${target}/`,
    `https://${target}/s1`,
    "two words",
    "a/b",
    "..",
    "s".repeat(513),
  ]);
}
