/**
 * The reference directory and two reference personal data servers: the index equals their content.
 * Runs where they are installed for Node: `bash -c 'source .ci/network.sh; install_network DIRECTORY'`, where the
 * directory is there and its path is whole, and then with `ATPROTO_PACKAGES=DIRECTORY`.
 */

import assert from "node:assert/strict";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { told } from "../support/command_output.ts";
import { Program } from "../support/crash/in_process.ts";
import { settings } from "../support/crash/settings.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { seeded } from "../support/fresh_seeds.ts";
import { PACKAGES, type RealAccount, RealNetwork } from "../support/network/network.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { until } from "../support/within.ts";

const NSIDS = COLLECTIONS.map(({ nsid }) => nsid);

function networkTest(
  name: string,
  run: (network: RealNetwork, database: TestDatabase) => Promise<void>,
): void {
  const why = PACKAGES === null ? " (skipped: ATPROTO_PACKAGES names no installed packages)" : "";
  databaseTest(`real network: ${name}${why}`, async (database) => {
    await using network = await RealNetwork.start(PACKAGES ?? "");
    await run(network, database);
  }, { ignore: PACKAGES === null });
}

function env(network: RealNetwork, { url }: TestDatabase, stream: string): Record<string, string> {
  return settings(url, stream, { PLC_URL: network.plcUrl, RECONCILE_ALLOW_PRIVATE: "true" });
}

function firehoseOf(pds: string): string {
  return `${pds.replace("http", "ws")}/xrpc/com.atproto.sync.subscribeRepos`;
}

/** What the index has: CIDs by URI. */
async function indexed(sql: Sql): Promise<[string, string][]> {
  const rows = await sql<{ uri: string; cid: string }[]>`
    select 'at://' || did || '/' || collection || '/' || rkey as uri, cid from records
    where state <> 'deleted'`;
  return sorted(rows.map(({ uri, cid }) => [uri, cid]));
}

async function published(
  network: RealNetwork,
  accounts: readonly RealAccount[],
): Promise<[string, string][]> {
  const all = await Promise.all(accounts.map((account) => network.records(account, NSIDS)));
  return sorted(all.flat());
}

function sorted(pairs: [string, string][]): [string, string][] {
  return pairs.toSorted(([a], [b]) => a < b ? -1 : 1);
}

function scene(name: string): Record<string, unknown> {
  return { $type: "app.subcult.scene", name, createdAt: "2026-01-01T00:00:00Z" };
}

networkTest(
  "after any history, with and without a stream, the index equals the servers",
  seeded(async (seed, network: RealNetwork, database: TestDatabase) => {
    const random = seededRandom(seed);
    const accounts = [
      await network.account(0),
      await network.account(0),
      await network.account(1),
    ];
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const write = async (): Promise<void> => {
      const account = pick(accounts);
      const rkey = pick(["a", "b", "c", "d"]);
      const held = await network.records(account, ["app.subcult.scene", "app.subcult.post"]);
      const paths = held.map(([uri]) => uri.split("/").slice(3).join("/"));
      if (paths.length > 0 && random() < 0.3) {
        return await network.put(account, pick(paths), null);
      }
      if (random() < 0.5) {
        return await network.put(
          account,
          `app.subcult.scene/${rkey}`,
          scene(`Scene ${random()}`),
        );
      }
      const image = await network.upload(account, `a flyer ${random()}`);
      const sceneId = `at://${pick(accounts).did}/app.subcult.scene/${pick(["a", "b", "c", "d"])}`;
      await network.put(account, `app.subcult.post/${rkey}`, {
        $type: "app.subcult.post",
        text: "See you there",
        sceneId,
        attachments: [{ blob: image }],
        createdAt: "2026-01-01T00:00:00Z",
      });
    };
    for (let count = 0; count < 20; count++) await write();
    {
      // Of the first server the stream tells from its beginning; of the second nothing comes.
      await using program = new Program({
        databaseUrl: database.url,
        streamUrl: firehoseOf(network.pds[0]!),
        env: { PLC_URL: network.plcUrl, RECONCILE_ALLOW_PRIVATE: "true" },
      });
      const streamed = await published(network, accounts.slice(0, 2));
      await until(
        async () => JSON.stringify(await indexed(database.sql)) === JSON.stringify(streamed),
        "what the first server holds is indexed",
      );
      assert.equal(await program.stop(), 0);
    }
    // No stream delivers these.
    for (let count = 0; count < 20; count++) {
      await write();
    }
    const reconciled = await told(
      ["reconcile", ...accounts.map(({ did }) => did)],
      { env: env(network, database, firehoseOf(network.pds[0]!)) },
    );
    assert.deepEqual([reconciled.code, reconciled.err], [0, []]);
    assert.deepEqual(await indexed(database.sql), await published(network, accounts));
    const verified = await told(["verify", "--sample", "10"], {
      env: env(network, database, firehoseOf(network.pds[0]!)),
    });
    assert.equal(verified.code, 0, verified.out.join("\n"));
  }),
);

networkTest(
  "an account is deactivated and returns, and another is deleted for good",
  async (network, database) => {
    const { sql, url } = database;
    const [leaving, deleted] = [await network.account(0), await network.account(0)];
    await network.put(leaving, "app.subcult.scene/s", scene("Comes back"));
    await network.put(deleted, "app.subcult.scene/s", scene("Is gone"));
    const live = async (): Promise<string> => {
      const rows = await sql<{ name: string }[]>`
      select name from scenes where deleted_at is null order by name`;
      return rows.map(({ name }) => name).join();
    };
    await using program = new Program({
      databaseUrl: url,
      streamUrl: firehoseOf(network.pds[0]!),
      env: { PLC_URL: network.plcUrl, RECONCILE_ALLOW_PRIVATE: "true" },
    });
    await until(async () => await live() === "Comes back,Is gone", "both are live");
    await network.deactivate(leaving);
    await until(async () => await live() === "Is gone", "one is hidden");
    await network.put(deleted, "app.subcult.scene/t", scene("Too"));
    await network.activate(leaving);
    await until(async () => await live() === "Comes back,Is gone,Too", "it is back");
    await network.delete(deleted);
    await until(
      async () =>
        await program.metric('indexer_reconciles_total{result="deletion_confirmed"}') === 1,
      "the deletion is confirmed",
    );
    assert.equal(await live(), "Comes back");
    const held = await sql<
      { did: string }[]
    >`select distinct did from records where record is not null`;
    assert.deepEqual(held.map(({ did }) => did), [leaving.did]);
  },
);
