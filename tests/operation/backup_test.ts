import assert from "node:assert/strict";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { migrate } from "../../lib/repository/schema/migrate.ts";
import { databaseTest } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { createDatabase, databaseUrl, dropDatabase } from "../support/server_database.ts";

/** The commands of OPERATIONS for a managed database, unchanged. */
async function managedCommands(): Promise<string> {
  const text = await Deno.readTextFile(new URL("../../OPERATIONS.md", import.meta.url));
  const block = /```sh\n(pg_dump -Fc --no-owner[\s\S]*?)```/.exec(text)?.[1];
  assert.ok(block !== undefined);
  return block;
}

databaseTest(
  "a role without superuser dumps and restores as OPERATIONS says, with the app connected",
  async ({ url, sql }) => {
    const role = `owner_${crypto.randomUUID().slice(0, 8)}`;
    const restored = await createDatabase("empty", `owner ${role}`).catch(async () => {
      await sql.unsafe(`create role ${role} login`);
      return await createDatabase("empty", `owner ${role}`);
    });
    const folder = await Deno.makeTempDir({ prefix: "backup-" });
    const asRole = (address: string): string => {
      const own = new URL(address);
      own.username = role;
      return own.href;
    };
    try {
      await sql.unsafe(`alter schema public owner to ${role}; create extension postgis`);
      const superuser = connect(databaseUrl(restored), { max: 1, applicationName: "tests" });
      await superuser.unsafe("create extension postgis");
      terminate(superuser);
      const owner = connect(asRole(url), { max: 1, applicationName: "tests" });
      await migrate(owner);
      const events = new SampleEvents();
      const place = { lat: 47.6, lng: -122.3, allowPrecise: true };
      await new Folded({ sql: owner }).batch(
        events.put("alice/scene/a", { location: place }),
        events.put("alice/scene/b"),
      );
      const { success, stderr } = await new Deno.Command("bash", {
        args: ["-euo", "pipefail", "-c", await managedCommands()],
        env: { DATABASE_URL: asRole(url), restored: asRole(databaseUrl(restored)) },
        cwd: folder,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      terminate(owner);
      const anew = connect(asRole(databaseUrl(restored)), { max: 1, applicationName: "tests" });
      assert.deepEqual(await migrate(anew), []);
      const rows = await anew`select record_rkey, display_point::geometry is not null as placed
        from scenes order by 1`;
      assert.deepEqual([...rows], [
        { record_rkey: "a", placed: true },
        { record_rkey: "b", placed: false },
      ]);
      assert.deepEqual(await new Folded({ sql: anew }).batch(events.put("alice/scene/c")), [
        "applied",
      ]);
      terminate(anew);
    } finally {
      await Deno.remove(folder, { recursive: true });
      await dropDatabase(restored);
      await sql.unsafe(`drop owned by ${role} cascade; drop role ${role}`);
    }
  },
  { kinds: ["server"], content: "empty" },
);
