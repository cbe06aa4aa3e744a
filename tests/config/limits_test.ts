/** Limits of settings, at the limit and one beyond. */

import assert from "node:assert/strict";
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
