/** Random values of the kinds that records have, valid in the lexicon documents and in the mapper. */

import type { Random } from "../model/random.ts";

const DID = "did:plc:abcdefghijklmnopqrstuvwx";

/** A point that JSON, UTF-8 and UTF-16 each count otherwise, and every count of characters as one. */
const CHARACTERS = ["a", " ", '"', "é", "夜", "🎛"];

/** Text from `least` to `most` characters, often of a length at a limit. */
export function text(random: Random, least: number, most: number): string {
  const length = random.weighted([
    [5, random.between(least, Math.min(most, 20))],
    [1, least],
    [1, most],
  ]);
  return random.pick(CHARACTERS).repeat(length);
}

export function reference(random: Random, collection: string): string {
  const rkey = random.pick(["3l3qo2vuowo2b", "basement-tapes", "self", "a:b~c.d"]);
  return random.chance(0.5) ? rkey : `at://${DID}/${collection}/${rkey}`;
}

export function did(random: Random): string {
  return random.pick([DID, "did:web:venue.example"]);
}

export function time(random: Random): string {
  const at = new Date(random.between(0, 4e12)).toISOString();
  return random.pick([
    at,
    at.replace("Z", "456Z"),
    `${at.slice(0, 19)}Z`,
    `${at.slice(0, 19)}+05:30`,
    `${at.slice(0, 19)}.1-08:00`,
  ]);
}

/** Decimal text from `least` to `most`, with digits that no double keeps. */
export function decimal(random: Random, least: number, most: number): string {
  const range = Math.min(most, 1e6) - least;
  return random.pick([
    String(least),
    String(Math.min(most, 1e6)),
    (least + range * random.next()).toFixed(random.between(0, 12)),
  ]);
}

export function geohash(random: Random): string {
  const letters = [..."0123456789bcdefghjkmnpqrstuvwxyz"];
  return Array.from({ length: random.between(1, 6) }, () => random.pick(letters)).join("");
}
