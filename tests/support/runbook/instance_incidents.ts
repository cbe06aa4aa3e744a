/** Incidents of the process itself, and of other instances. */

import assert from "node:assert/strict";
import { told } from "../command_output.ts";
import { ReplayServer } from "../jetstream/replay_server.ts";
import { type Incident, metric } from "./incident.ts";

export const INSTANCE_INCIDENTS: readonly Incident[] = [
  {
    alert: "IndexerDown",
    async happens(scene): Promise<void> {
      const wrong = { QUEUE_PAUSE_AT: "many", HTTP_HOST: "127.0.0.1" };
      const { code, err } = await told(["run"], { env: { DATABASE_URL: scene.url, ...wrong } });
      assert.equal(code, 2);
      scene.clue("exit code 2", `exit code ${code}`);
      assert.match(err.join("\n"), /QUEUE_PAUSE_AT/);
      assert.match(await scene.command("check", null, wrong), /QUEUE_PAUSE_AT/);
      await using server = new ReplayServer();
      await using program = scene.program({
        streamUrl: server.url,
        env: { INTERNAL_AUTH_TOKEN: "a-token-of-the-tests" },
      });
      await program.until(() => program.said("listening") > 0);
      const answer = await program.fetch("/metrics", {
        headers: { authorization: "Bearer another-token" },
      });
      await answer.body?.cancel();
      scene.clue("403", `${answer.status}`);
    },
  },
  {
    alert: "IndexerRestarting",
    async happens(scene): Promise<void> {
      await scene.sql`insert into schema_migrations (version, name, checksum)
        select 9999, 'of the future', checksum from schema_migrations limit 1`;
      await using server = new ReplayServer();
      const program = scene.program({ streamUrl: server.url });
      assert.equal(await program.done, 1);
      scene.clue("is newer than this program", program.log);
    },
  },
  {
    alert: "IndexerNoLeader",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      // One that Prometheus doesn't know leads.
      await using unknown = scene.program({ streamUrl: server.url });
      await metric(unknown, "indexer_leader", "partition=", (value) => value === 1);
      await using standby = scene.program({ streamUrl: server.url });
      await metric(standby, "indexer_leader", "partition=", (value) => value === 0);
      const beginning = "select consumer, partition, holder, epoch, lease_until";
      const [first] = await scene.statement(beginning);
      assert.ok(typeof first?.["holder"] === "string", JSON.stringify(first));
      await unknown.committed(server.push(scene.events.put("alice/scene/s")));
      const [second] = await scene.statement(beginning);
      assert.equal(second?.["holder"], first["holder"]);
      assert.ok(Number(second?.["lease_until"]) > Number(first["lease_until"]), "it keeps moving");
      const clients = await scene.statement("select client_addr, application_name");
      assert.ok(clients.some(({ application_name: name }) => name === "jetstream-indexer"));
    },
  },
  {
    alert: "IndexerTwoLeaders",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using suspended = scene.program({
        streamUrl: server.url,
        env: { LEASE_MS: "600000" },
      });
      await suspended.committed(server.push(scene.events.put("alice/scene/s")));
      // Another took over while this one could not see it.
      await scene.sql`update indexer_state set holder = 'another', epoch = epoch + 1,
        lease_until = clock_timestamp() + interval '8 seconds'`;
      await metric(suspended, "indexer_leader", "partition=", (value) => value === 1);
      server.push(scene.events.put("alice/scene/t"));
      await suspended.until(() => suspended.said("the lease was lost: another instance leads") > 0);
      assert.equal((await scene.sql`select 1 from scenes`).length, 1);
    },
  },
];
