/** After a reconcile the index equals the source, whatever the stream lost. */

import assert from "node:assert/strict";
import { encode } from "@atcute/cbor";
import { P256PrivateKeyExportable } from "@atcute/crypto";
import { recordCid } from "../../lib/decoder/cbor/cid.ts";
import { requestReconciles } from "../../lib/repository/reconcile/reconcile_requests.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { statusLines } from "../../lib/commands/status_text.ts";
import type { Status } from "../../lib/server/status/status.ts";
import { told } from "../support/command_output.ts";
import { Program } from "../support/crash/in_process.ts";
import { settings } from "../support/crash/settings.ts";
import { confirmedDeletion } from "../support/confirmed_deletion.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { signedCar } from "../support/pds/signed_car.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { didOf, SampleEvents } from "../support/sample_events.ts";
import { until } from "../support/within.ts";
import { seededRandom } from "../support/seeded_random.ts";

const SEED = Number(Deno.env.get("PROPERTY_SEED") ?? Date.now() % 1_000_000_000);
const ALICE = "did:plc:tidetablesexample234567a";
const SCENE = "app.subcult.scene";
const START_US = 1_787_218_200_000_000;

function env(database: Pick<TestDatabase, "url">, network: TinyNetwork): Record<string, string> {
  return settings(database.url, "ws://127.0.0.1:1/subscribe", {
    PLC_URL: network.url,
    RECONCILE_ALLOW_PRIVATE: "true",
  });
}

/** A network that sends its changes to a stream, or withholds them. */
class Source {
  readonly network = new TinyNetwork();
  #timeUs = START_US;
  #relaySeq = 0;

  account(did: string, status: string | null): string {
    const account = {
      active: status === null,
      did,
      seq: ++this.#relaySeq,
      ...(status && { status }),
    };
    return JSON.stringify({ did, time_us: this.#timeUs += 1_000_000, kind: "account", account });
  }

  /** Writes a record, or removes it with null. Returns the frame that a stream would bring. */
  write(did: string, path: string, record: Record<string, unknown> | null): string {
    const rev = this.network.put(did, path, record);
    const [collection = "", rkey = ""] = path.split("/");
    const cid = record === null ? {} : { cid: recordCid(encode(record)) };
    const operation = record === null ? "delete" : "create";
    const commit = {
      rev,
      operation,
      collection,
      rkey,
      ...(record === null ? {} : { record }),
      ...cid,
    };
    return JSON.stringify({ did, time_us: this.#timeUs += 1_000_000, kind: "commit", commit });
  }
}

function scene(name: string): Record<string, unknown> {
  return { $type: SCENE, name, createdAt: "2026-01-01T00:00:00Z" };
}

/** The index's records of an account: CIDs by path. */
async function indexed(sql: Sql, did: string): Promise<Map<string, string | null>> {
  const rows = await sql<{ path: string; cid: string | null }[]>`
    select collection || '/' || rkey as path, cid from records
    where did = ${did} and state <> 'deleted' order by 1`;
  return new Map(rows.map(({ path, cid }) => [path, cid]));
}

function published(network: TinyNetwork, did: string): Map<string, string | null> {
  const wanted = [...network.records(did)].filter(([path]) => path.startsWith("app.subcult."));
  return new Map(
    wanted.map(([path, record]) => [path, recordCid(encode(record))] as const)
      .toSorted(([a], [b]) => a < b ? -1 : 1),
  );
}

databaseTest(
  "lost records are put, and records whose deletion was lost are deleted",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    await folded.each(
      source.write(ALICE, `${SCENE}/kept`, scene("Kept")),
      source.write(ALICE, `${SCENE}/changed`, scene("Before")),
      source.write(ALICE, `${SCENE}/gone`, scene("Gone")),
    );
    source.write(ALICE, `${SCENE}/changed`, scene("After"));
    source.write(ALICE, `${SCENE}/gone`, null);
    source.write(ALICE, `${SCENE}/lost`, scene("Lost"));
    const { code, out, err } = await told(["reconcile", ALICE], { env: env(db, network) });
    assert.deepEqual([code, err], [0, []]);
    assert.match(out[0] ?? "", /3 records at 127\.0\.0\.1:\d+, 2 put, 1 deleted$/);
    const names = await db.sql`select name from scenes where deleted_at is null order by name`;
    assert.deepEqual(names.map(({ name }) => name), ["After", "Kept", "Lost"]);
    const again = await told(["reconcile", ALICE], { env: env(db, network) });
    assert.match(again.out[0] ?? "", /0 put, 0 deleted$/);
  },
);

databaseTest(
  "a place that is not shared is coarsened when read from the source too",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const location = { lat: "47.60621", lng: "-122.33207", allowPrecise: false };
    source.write(ALICE, `${SCENE}/s`, { ...scene("Basement"), location });
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
    const [row] = await db.sql<{ record: string; geohash: string }[]>`
    select r.record::text, s.coarse_geohash as geohash from records r
    join scenes s on s.record_rkey = r.rkey`;
    assert.doesNotMatch(row?.record ?? "", /47\.6062|122\.3320/);
    assert.equal(row?.geohash, "c23nb6");
  },
);

databaseTest(
  "live events that arrive while the source is read are neither lost nor undone",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    await folded.each(source.write(ALICE, `${SCENE}/a`, scene("A")));
    const car = await network.car(ALICE);
    // The server answers with what it had before these, and the stream is faster.
    const later = [
      source.write(ALICE, `${SCENE}/a`, null),
      source.write(ALICE, `${SCENE}/b`, scene("B")),
    ];
    network.misbehaviour = async (_request, { pathname }) => {
      if (!pathname.endsWith("getRepo")) return null;
      await folded.each(...later);
      return new Response(car);
    };
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
    assert.deepEqual([...(await indexed(db.sql, ALICE)).keys()], [`${SCENE}/b`]);
  },
);

databaseTest(
  "what a confirmed deletion removes while the source is read stays removed",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    await folded.each(source.write(ALICE, `${SCENE}/a`, scene("A")));
    source.write(ALICE, `${SCENE}/lost`, scene("Lost"));
    const car = await network.car(ALICE);
    network.misbehaviour = async (_request, { pathname }) => {
      if (!pathname.endsWith("getRepo")) return null;
      const deletion = {
        ...JSON.parse(source.account(ALICE, "deleted")),
        time_us: Date.now() * 1000,
      };
      await folded.batch(JSON.stringify(deletion));
      await folded.decoded([confirmedDeletion(ALICE, deletion.time_us)]);
      return new Response(car);
    };
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
    assert.deepEqual(await indexed(db.sql, ALICE), new Map());
    const [row] = await db.sql`select pg_catalog.count(record) as held from records`;
    assert.equal(Number(row?.["held"]), 0);
  },
);

databaseTest(
  "after any history and any loss of the stream, the index equals the source",
  async (db) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`reconcile: seed ${SEED}\n`));
    const random = seededRandom(SEED);
    const pick = (most: number): number => Math.floor(random() * most);
    const source = new Source();
    await using network = source.network;
    const folded = new Folded(db);
    let [lost, repaired] = [0, 0];
    for (let account = 0; account < 6; account++) {
      const did = `did:plc:${String.fromCharCode(97 + account).repeat(24)}`;
      await network.account(did);
      for (let round = 0; round < 3; round++) {
        for (let step = 0; step < 12; step++) {
          const path = `${pick(5) === 0 ? "app.subcult.badge" : SCENE}/r${pick(8)}`;
          const exists = network.records(did).has(path);
          const record = exists && pick(3) === 0 ? null : scene(`Scene ${pick(1000)}`);
          const frame = source.write(did, path, record);
          if (pick(3) === 0) lost++;
          else await folded.each(frame);
        }
        const before = await indexed(db.sql, did);
        const { code, err } = await told(["reconcile", did], { env: env(db, network) });
        assert.deepEqual([code, err], [0, []]);
        const after = await indexed(db.sql, did);
        assert.deepEqual(after, published(network, did), `account ${did}, round ${round}`);
        if (JSON.stringify([...before]) !== JSON.stringify([...after])) repaired++;
      }
    }
    assert.ok(lost > 20 && repaired > 5, `${lost} lost, ${repaired} repaired`);
  },
);

databaseTest(
  "a source that can't be read, or is invalid, changes nothing and is reported",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    await new Folded(db).each(source.write(ALICE, `${SCENE}/a`, scene("A")));
    source.write(ALICE, `${SCENE}/a`, null);
    await network.stealKey(ALICE);
    const before = await indexed(db.sql, ALICE);
    const { code, out, err } = await told(["reconcile", ALICE], { env: env(db, network) });
    assert.deepEqual([code, out], [1, []]);
    assert.match(err[0] ?? "", /its signature is not of the key/);
    assert.deepEqual(await indexed(db.sql, ALICE), before);
  },
);

databaseTest(
  "the leader works through the queue, and an unreadable repository affects only itself",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    const healthy = [1, 2, 3].map((n) => `did:plc:${"h".repeat(23)}${n + 1}`);
    const broken = [1, 2, 3, 4, 5, 6].map((n) => `did:plc:${"x".repeat(23)}${n + 1}`);
    for (const did of [...healthy, ...broken]) {
      await network.account(did);
      source.write(did, `${SCENE}/s`, scene(did.slice(-1)));
    }
    network.misbehaviour = (_request, { pathname, searchParams }) =>
      pathname.endsWith("getRepo") && broken.includes(searchParams.get("did") ?? "")
        ? new Response("no repository at all")
        : null;
    await requestReconciles(db.sql, [...broken, ...healthy, ...healthy], "asked");
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: db.url,
      streamUrl: server.url,
      env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true", RECONCILE_AT_ONCE: "2" },
    });
    await program.until(() => program.said("repository reconciled") >= 3);
    const rows = await db.sql<{ did: string; due: boolean; failure: string | null }[]>`
    select did, next_attempt_at is not null as due, failure from reconciles order by did`;
    assert.equal(rows.length, 9);
    for (const { did, due } of rows.filter(({ did }) => healthy.includes(did))) {
      assert.equal(due, false, did);
      assert.deepEqual(await indexed(db.sql, did), published(network, did));
    }
    assert.ok(
      rows.some(({ did, due, failure }) => broken.includes(did) && due && failure === "invalid"),
    );
    assert.equal(await program.metric('indexer_reconciles_total{result="differed"}'), 3);
    const status = await (await program.fetch("/api/status")).json() as Status;
    const { reconcile } = status;
    assert.deepEqual([reconcile.compared, reconcile.put, reconcile.deleted], [3, 3, 0]);
    assert.match(
      statusLines(status, false).join("\n"),
      /^sources +3 compared, 3 records put, 0 deleted/m,
    );
  },
);

databaseTest(
  "a server that asks not to be queried for millennia is queried again within a day",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    const dids = [1, 2].map((n) => `did:plc:${"h".repeat(23)}${n + 1}`);
    for (const did of dids) await network.account(did);
    // The reset of the rate limit in milliseconds, where seconds are expected.
    const headers = { "ratelimit-reset": `${Date.now()}` };
    network.misbehaviour = (_request, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response("", { status: 429, headers }) : null;
    await requestReconciles(db.sql, dids, "asked");
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: db.url,
      streamUrl: server.url,
      env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true", RECONCILE_AT_ONCE: "1" },
    });
    await until(
      async () => {
        const rows = await db
          .sql`select from reconciles where next_attempt_at > now() + interval '1 hour'`;
        return rows.length === 2;
      },
      "both are queried later",
      { state: () => program.lastLines },
    );
    const late = await db
      .sql`select did from reconciles where next_attempt_at > now() + interval '1 day'`;
    assert.equal(late.length, 0);
  },
);

databaseTest(
  "a request that comes while an earlier one fails for the last time is still due",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    source.write(ALICE, `${SCENE}/a`, scene("A"));
    await requestReconciles(db.sql, [ALICE], "asked");
    await db.sql`update reconciles set attempts = 5`;
    let answers = 0;
    network.misbehaviour = async (_request, { pathname }) => {
      if (!pathname.endsWith("getRepo") || ++answers > 1) return null;
      await requestReconciles(db.sql, [ALICE], "reactivated");
      return Response.json({ error: "RepoDeactivated" }, { status: 400 });
    };
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: db.url,
      streamUrl: server.url,
      env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true", RECONCILE_AT_ONCE: "1" },
    });
    await program.until(() => program.said("repository reconciled") === 1);
    assert.deepEqual(await indexed(db.sql, ALICE), published(network, ALICE));
  },
);

databaseTest(
  "no text of a server's answer is printed or stored with the failure: it can hold a place, or what Postgres can't store",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    const place = "61.38192, 101.57419";
    const [strange, redirected, undocumented] = [1, 2, 3].map((n) =>
      `did:plc:${"h".repeat(23)}${n + 1}`
    );
    assert.ok(strange !== undefined && redirected !== undefined && undocumented !== undefined);
    for (const did of [strange, redirected]) await network.account(did);
    const car = await signedCar(
      `${place}\0\x1b`,
      "3l",
      new Map(),
      await P256PrivateKeyExportable.createKeypair(),
    );
    network.misbehaviour = (_request, { pathname, searchParams }) => {
      if (decodeURIComponent(pathname).endsWith(undocumented)) {
        return Response.json({ id: undocumented, service: [{ id: place, type: place }] });
      }
      const did = searchParams.get("did");
      if (did === strange) return new Response(new Uint8Array(car));
      const headers = { location: `https://elsewhere.example/?at=${place}` };
      return did === redirected ? new Response(null, { status: 302, headers }) : null;
    };
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: db.url,
      streamUrl: server.url,
      env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true" },
    });
    // One at a time, the redirect last: a server that can't be reached is given a rest.
    for (const did of [strange, undocumented, redirected]) {
      await requestReconciles(db.sql, [did], "asked");
      await until(
        async () => {
          const rows = await db
            .sql`select from reconciles where did = ${did} and failure is not null`;
          return rows.length === 1;
        },
        "its failure is stored",
        { state: () => program.lastLines },
      );
    }
    const stored = await db.sql`select failure, detail from reconciles order by did`;
    assert.deepEqual(stored.map(({ failure }) => failure), ["invalid", "unreachable", "invalid"]);
    const told = JSON.stringify(stored) + program.lastLines;
    assert.doesNotMatch(told, /61\.38|101\.57/);
  },
);

databaseTest("when the stream may have lost events, all repositories are compared", async (db) => {
  const source = new Source();
  await using network = source.network;
  await network.account(ALICE);
  await new Folded(db).each(source.write(ALICE, `${SCENE}/a`, scene("A")));
  source.write(ALICE, `${SCENE}/lost`, scene("Lost"));
  // The number of another numbering, and a firehose takes no time in its place.
  await db.sql`update indexer_state
    set cursor = 5, cursor_time = '2026-08-20', source = 'elsewhere/subscribe'`;
  await using server = new ReplayServer({ pingMs: 0 });
  await using program = new Program({
    databaseUrl: db.url,
    streamUrl: server.url.replace("/subscribe", "/xrpc/com.atproto.sync.subscribeRepos"),
    env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true" },
  });
  await program.until(() => program.said("repository reconciled") > 0);
  assert.deepEqual(await indexed(db.sql, ALICE), published(network, ALICE));
  const [row] = await db.sql`select reason from reconciles`;
  assert.equal(row?.reason, "events_missing");
});

databaseTest(
  "an account that returns after its deletion gets the records of its source, also of the same revision",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    const records = ["a", "b"].map((rkey) =>
      source.write(ALICE, `${SCENE}/${rkey}`, scene(rkey.toUpperCase()))
    );
    const deletion = source.account(ALICE, "deleted");
    await folded.each(...records, deletion);
    const { time_us } = JSON.parse(deletion) as { readonly time_us: number };
    await folded.decoded([confirmedDeletion(ALICE, time_us)]);
    assert.equal((await indexed(db.sql, ALICE)).size, 0);
    await folded.each(source.account(ALICE, null));
    const [row] = await db
      .sql`select did, reason, next_attempt_at is not null as due from reconciles`;
    assert.deepEqual({ ...row }, { did: ALICE, reason: "reactivated", due: true });
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
    assert.deepEqual(await indexed(db.sql, ALICE), published(network, ALICE));
    const names = await db.sql`select name from scenes where deleted_at is null order by name`;
    assert.deepEqual(names.map(({ name }) => name), ["A", "B"]);
  },
);

databaseTest(
  "a rebuilt repository is compared, unless no records of it are stored",
  async (db) => {
    const events = new SampleEvents();
    const folded = new Folded(db, { protocol: "v2" });
    await folded.batch(events.put("alice/scene/a"));
    await folded.batch(events.sync("alice"), events.sync("bob"));
    const rows = await db.sql`select did, reason from reconciles`;
    assert.deepEqual(rows.map((row) => ({ ...row })), [{ did: didOf("alice"), reason: "sync" }]);
  },
);

databaseTest(
  "a rebuilt repository gets the records of its source also if this machine's clock is behind the stream's",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    const did = didOf("alice");
    await network.account(did);
    for (const rkey of ["a", "b"]) source.write(did, `${SCENE}/${rkey}`, scene(rkey.toUpperCase()));
    const ahead = new SampleEvents((Date.now() + 600_000) * 1000);
    const folded = new Folded(db, { protocol: "v2" });
    await folded.each(ahead.put("alice/scene/a"), ahead.sync("alice"));
    assert.deepEqual(await folded.states("alice/scene/a"), ["deleted"]);
    assert.equal((await told(["reconcile", did], { env: env(db, network) })).code, 0);
    assert.deepEqual(await indexed(db.sql, did), published(network, did));
  },
);

databaseTest(
  "a repository that is listed loses no records of collections that are wanted only by a wildcard",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const badge = { $type: "app.subcult.badge", name: "Founder" };
    await new Folded(db).each(
      source.write(ALICE, "app.subcult.badge/a", badge),
      source.write(ALICE, `${SCENE}/gone`, scene("Gone")),
    );
    source.write(ALICE, `${SCENE}/gone`, null);
    source.write(ALICE, `${SCENE}/lost`, scene("Lost"));
    source.write(ALICE, "app.bsky.feed.post/large", { text: "x".repeat(2 ** 20) });
    const small = { ...env(db, network), RECONCILE_MAX_BYTES: "1MiB" };
    const { code, out } = await told(["reconcile", ALICE], { env: small });
    assert.equal(code, 0);
    assert.match(out[0] ?? "", /listed, not verified.*1 put, 1 deleted$/);
    assert.deepEqual(await indexed(db.sql, ALICE), published(network, ALICE));
  },
);

databaseTest(
  "stored records of a collection that is not wanted any more are kept, and are no difference",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    await new Folded(db).each(source.write(ALICE, `${SCENE}/a`, scene("A")));
    const narrowed = { ...env(db, network), WANTED_COLLECTIONS: "app.subcult.post" };
    const { code, out } = await told(["reconcile", ALICE], { env: narrowed });
    assert.equal(code, 0);
    assert.match(out[0] ?? "", /0 put, 0 deleted$/);
    assert.deepEqual(await indexed(db.sql, ALICE), published(network, ALICE));
  },
);

databaseTest(
  "an account whose end the stream lost is hidden when its source says so, and shown when it has the repository again",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    await folded.each(source.write(ALICE, `${SCENE}/a`, scene("A")));
    const live = async (): Promise<number> =>
      (await db.sql`select from scenes where deleted_at is null`).length;
    for (const error of ["RepoNotFound", "RepoDeactivated", "RepoSuspended", "RepoTakendown"]) {
      network.misbehaviour = (_, { pathname }) =>
        pathname.endsWith("getRepo") ? Response.json({ error }, { status: 400 }) : null;
      assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 1);
      assert.equal(await live(), 0, error);
      // One server alone can hide what it published elsewhere, but not have it removed.
      assert.equal((await db.sql`select from records where record is not null`).length, 1);
      network.misbehaviour = () => null;
      assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
      assert.equal(await live(), 1, error);
    }
    // A directory without the DID can be a wrong PLC_URL.
    network.misbehaviour = (_, { pathname }) =>
      pathname.startsWith("/xrpc/") ? null : new Response("{}", { status: 404 });
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 1);
    assert.equal(await live(), 1);
    network.misbehaviour = () => null;
    await folded.each(
      source.account(ALICE, "takendown").replace(/"time_us":\d+/, `"time_us":${Date.now() * 1000}`),
    );
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 0);
    assert.equal(await live(), 0, "what the stream says about an account holds");
  },
);

databaseTest(
  "an account that publishes although its source called it inactive is compared again",
  async (db) => {
    const source = new Source();
    await using network = source.network;
    await network.account(ALICE);
    const folded = new Folded(db);
    const first = source.write(ALICE, `${SCENE}/a`, scene("A"));
    await folded.each(first);
    network.misbehaviour = (_, { pathname }) =>
      pathname.endsWith("getRepo")
        ? Response.json({ error: "RepoNotFound" }, { status: 400 })
        : null;
    assert.equal((await told(["reconcile", ALICE], { env: env(db, network) })).code, 1);
    const requested = async (): Promise<string[]> =>
      (await db.sql<{ reason: string }[]>`select reason from reconciles`).map(({ reason }) =>
        reason
      );
    await folded.each(first);
    assert.deepEqual(await requested(), []);
    await folded.each(source.write(ALICE, `${SCENE}/b`, scene("B")));
    assert.deepEqual(await requested(), ["reactivated"]);
  },
);
