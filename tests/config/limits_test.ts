/** Limits of settings, at the limit and one beyond. */

import assert from "node:assert/strict";
import { lengthInAddress } from "../../lib/client/subscription.ts";
import { ConfigError, readConfig } from "../../lib/config.ts";

const PRODUCTION = {
  DATABASE_URL: "postgres://indexer@db.example/subcult?sslmode=verify-full",
  LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef",
};

/** The rejected settings. */
function refused(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig({ ...PRODUCTION, ...env });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ setting }) => setting);
  }
}

/** An NSID of so many characters, in labels that are short enough. */
function nsid(length: number): string {
  const name = "x".repeat(63);
  return `${`${name}.`.repeat(5)}`.slice(0, length - 2) + ".x";
}

Deno.test("a hundred collections can be wanted, and no more", () => {
  const collections = (length: number): string =>
    Array.from({ length }, (_, index) => `app.subcult.n${index}`).join();
  assert.deepEqual(refused({ WANTED_COLLECTIONS: collections(100) }), []);
  assert.deepEqual(refused({ WANTED_COLLECTIONS: collections(101) }), ["WANTED_COLLECTIONS"]);
});

Deno.test("a collection that is wanted has at most 317 characters", () => {
  assert.equal(nsid(317).length, 317);
  assert.deepEqual(refused({ WANTED_COLLECTIONS: nsid(317) }), []);
  assert.deepEqual(refused({ WANTED_COLLECTIONS: nsid(318) }), ["WANTED_COLLECTIONS"]);
});

Deno.test("a DID that is wanted has at most 2,048 characters", () => {
  const did = (length: number): string => "did:web:".padEnd(length, "x");
  assert.deepEqual(refused({ WANTED_DIDS: did(2_048) }), []);
  assert.deepEqual(refused({ WANTED_DIDS: did(2_049) }), ["WANTED_DIDS"]);
});

Deno.test("ten thousand DIDs can be wanted, in one setting or in several, and no more", () => {
  const dids = (length: number, name = "a"): string =>
    Array.from({ length }, (_, index) => `did:web:${name}${index}`).join();
  assert.deepEqual(refused({ WANTED_DIDS: dids(10_000) }), []);
  assert.deepEqual(refused({ WANTED_DIDS: dids(10_001) }), ["WANTED_DIDS"]);
  const others = { WANTED_DIDS_2: dids(6_000, "b") };
  assert.deepEqual(refused({ WANTED_DIDS: dids(4_000), ...others }), []);
  assert.deepEqual(refused({ WANTED_DIDS: dids(4_001), ...others }), ["WANTED_DIDS"]);
});

Deno.test("of a v2 server the URL has at most a million bytes, of a v1 server any number", () => {
  const long = Array.from({ length: 521 }, (_, index) => `did:web:${index}`.padEnd(1_900, "x"));
  const left = 1_000_000 - lengthInAddress([...long, "did:web:"]);
  const wanted = (length: number): string => [...long, "did:web:".padEnd(length, "y")].join();
  const refusedOf = (server: string, length: number): readonly string[] =>
    refused({ JETSTREAM_URL: `wss://jetstream.example/${server}`, WANTED_DIDS: wanted(length) });
  const [v1, v2] = ["subscribe", "xrpc/network.bsky.jetstream.subscribeEvents"] as const;
  const most = "did:web:".length + left;
  assert.ok(left > 0 && most < 2_048, `${left} bytes are left`);
  assert.deepEqual(refusedOf(v2, most), []);
  assert.deepEqual(refusedOf(v2, most + 1), ["WANTED_DIDS"]);
  assert.deepEqual(refusedOf(v1, most + 1), []);
});
