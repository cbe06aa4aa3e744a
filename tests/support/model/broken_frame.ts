/** Undecodable frames: truncated, of another form, or with an invalid address. */

import { SCENE } from "./address.ts";
import type { Random } from "./random.ts";
import { type Author, coordinate, type Wire } from "./records.ts";
import { tidOf } from "./wire_identifier.ts";

/** One of them, about a record with a place. `write` puts a message into its envelope. */
export function brokenFrame(
  random: Random,
  { did, timeUs }: Author,
  write: (message: Wire) => string,
): string {
  const location = { lat: coordinate(random, 90), lng: coordinate(random, 180) };
  const record = { $type: SCENE, name: "Broken", location };
  const rev = tidOf(timeUs, 1);
  const commit = { rev, operation: "create", collection: SCENE, rkey: "s1", record };
  const whole = write({ did, kind: "commit", commit });
  const changed = (change: Wire): string =>
    write({ did, kind: "commit", commit: { ...commit, ...change } });
  return random.pick([
    () => whole.slice(0, random.between(1, whole.length - 1)),
    () => "",
    () => "[]",
    () => "null",
    () => "not json",
    () => changed({ operation: "upsert" }),
    () => changed({ rev: "not a rev" }),
    () => changed({ rkey: "a/b" }),
    () => changed({ rev: undefined }),
    () => changed({ rkey: undefined }),
    () => write({ did: "alice.test", kind: "commit", commit }),
    () => write({ kind: "commit", commit }),
    () => write({ did, kind: "account", account: { did, seq: 1 } }),
  ])();
}
