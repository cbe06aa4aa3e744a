/** What a reconcile changes, which servers it reads, and when it retries: without a network or a database. */

import assert from "node:assert/strict";
import { SourceError } from "../../lib/pds/source_error.ts";
import { differences, type HeldRecord } from "../../lib/reconcile/difference.ts";
import { HostLimiter } from "../../lib/reconcile/host_limiter.ts";
import { retryAfter } from "../../lib/reconcile/retry_delay.ts";

const SCENE = "app.subcult.scene";

/** The differences between a source at revision `m` and the ledger, as text. */
async function found(
  source: Readonly<Record<string, string>>,
  held: readonly (Pick<HeldRecord, "rkey" | "rev" | "deleted"> & { readonly cid: string | null })[],
): Promise<string[]> {
  const records = Object.entries(source)
    .map(([rkey, cid]) => ({ collection: SCENE, rkey, cid, bytes: new Uint8Array() }));
  async function* rows(): AsyncGenerator<readonly HeldRecord[]> {
    for (const row of held) yield await Promise.resolve([{ collection: SCENE, ...row }]);
  }
  const changes: string[] = [];
  for await (
    const { rkey, bytes } of differences({ rev: "m", records, covers: () => true }, rows())
  ) {
    changes.push(`${bytes === null ? "delete" : "put"} ${rkey}`);
  }
  return changes;
}

Deno.test("records that the index lacks, has differently or has as deleted are put; records that the source lacks are deleted", async () => {
  assert.deepEqual(
    await found({ same: "1", other: "2", back: "3", lacking: "4" }, [
      { rkey: "same", rev: "l", cid: "1", deleted: false },
      { rkey: "other", rev: "l", cid: "1", deleted: false },
      { rkey: "back", rev: "l", cid: "3", deleted: true },
      { rkey: "gone", rev: "l", cid: "5", deleted: false },
      { rkey: "dead", rev: "l", cid: null, deleted: true },
    ]),
    ["put other", "put back", "delete gone", "put lacking"],
  );
});

Deno.test("a ledger row with a later revision than the source's stays unchanged", async () => {
  for (const [rev, expected] of [["l", true], ["m", true], ["n", false]] as const) {
    const changes = await found({ other: "2" }, [
      { rkey: "other", rev, cid: "1", deleted: false },
      { rkey: "gone", rev, cid: "1", deleted: false },
    ]);
    assert.deepEqual(changes, expected ? ["put other", "delete gone"] : [], rev);
  }
});

Deno.test("a limited number of repositories is read from a server at a time", () => {
  const gate = new HostLimiter({ atOnce: 2, now: () => 0 });
  const leave = gate.enter("a.example");
  gate.enter("a.example");
  const busy = (): void => {
    assert.throws(
      () => gate.enter("a.example"),
      (error) => error instanceof SourceError && error.failure === "busy",
    );
  };
  busy();
  gate.enter("b.example");
  leave();
  gate.enter("a.example");
  busy();
});

Deno.test("requests to a server are paused for the longest time that it asked for, and no longer", () => {
  let now = 0;
  const gate = new HostLimiter({ atOnce: 2, now: () => now });
  gate.rest("a.example", 5_000);
  gate.rest("a.example", 1_000);
  now = 4_999;
  assert.throws(
    () => gate.enter("a.example"),
    (error) => error instanceof SourceError && error.retryAfterMs === 1,
  );
  now = 5_000;
  gate.enter("a.example")();
});

Deno.test("a limited number of pauses is remembered, because others choose the servers", () => {
  const gate = new HostLimiter({ atOnce: 2, now: () => 0 });
  const leave = gate.enter("0.example");
  for (let n = 0; n < 5_000; n++) gate.rest(`${n}.example`, 5_000);
  assert.equal(gate.busyHosts().length, 1_000);
  assert.throws(() => gate.enter("4999.example"), SourceError);
  // One that is being read keeps its count.
  assert.throws(() => gate.enter("0.example"), SourceError);
  leave();
});

const HOUR = 3_600_000;

Deno.test("the wait grows with each failure, up to a day", () => {
  const waits = [0, 1, 2, 11, 12, 50].map((attempts) => retryAfter("unreachable", attempts, 0));
  assert.deepEqual(waits, [30_000, 60_000, 120_000, 61_440_000, 24 * HOUR, 24 * HOUR]);
});

Deno.test("a server may ask for a longer wait", () => {
  assert.equal(retryAfter("unreachable", 0, 31_000), 31_000);
  assert.equal(retryAfter("unreachable", 0, 24 * HOUR), 24 * HOUR);
  assert.equal(retryAfter("unreachable", 1, 1), 60_000);
});

Deno.test("a failure that only the owner can fix is retried six times, then not before a new request", () => {
  for (const failure of ["absent", "refused", "too_large"] as const) {
    assert.equal(retryAfter(failure, 0, 0), 24 * HOUR);
    assert.equal(retryAfter(failure, 4, 0), 16 * 24 * HOUR);
    assert.equal(retryAfter(failure, 5, 0), null);
  }
  assert.notEqual(retryAfter("invalid", 1_000, 0), null);
});
