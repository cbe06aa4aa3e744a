/** Incidents caused by records and repositories. */

import assert from "node:assert/strict";
import { requestReconciles } from "../../../lib/repository/reconcile/reconcile_requests.ts";
import { ReplayServer } from "../jetstream/replay_server.ts";
import { lastingPort } from "../lasting_port.ts";
import { didOf } from "../sample_events.ts";
import { until } from "../within.ts";
import { type Incident, metric, type Scene } from "./incident.ts";

const AUTHORS = ["alice", "bob", "carol", "dave"];

/** Twelve invalid records of four authors. */
async function refuseMany(
  scene: Scene,
  looks: (program: ReturnType<Scene["program"]>) => Promise<void>,
): Promise<void> {
  await using server = new ReplayServer();
  await using program = scene.program({ streamUrl: server.url });
  let last = 0;
  for (let n = 0; n < 12; n++) {
    const author = AUTHORS[n % AUTHORS.length];
    last = server.push(scene.events.put(`${author}/scene/s${n}`, { name: n }));
  }
  await program.committed(last);
  await looks(program);
}

export const RECORDS_INCIDENTS: readonly Incident[] = [
  {
    alert: "IndexerHighErrorRate",
    happens: (scene) =>
      refuseMany(scene, async (program) => {
        const labels = 'outcome="dead_letter"';
        await metric(program, "indexer_events_total", labels, (count) => count >= 5);
        const list = await scene.command("dead-letters list --limit 20", program);
        assert.match(list, /invalid_type/);
        // Many authors and one reason.
        for (const author of AUTHORS) assert.ok(list.includes(didOf(author)), list);
        const retried = await scene.command("dead-letters retry --reason invalid_type", program);
        assert.match(retried, /name: got a number, expected text/);
      }),
  },
  {
    alert: "IndexerDeadLettersGrowing",
    happens: (scene) =>
      refuseMany(scene, async (program) => {
        await metric(program, "indexer_dead_letters", "", (count) => count > 10);
        const list = await scene.command(`dead-letters list --did ${didOf("bob")}`, program);
        const [, id = ""] = /^\s*(\d+)\s/m.exec(list) ?? [];
        assert.match(await scene.command(`dead-letters show ${id}`, program), /"name"/);
        const gone = await scene.command("dead-letters discard --all --yes", program);
        assert.match(gone, /12/);
        const [row] = await scene.sql<{ open: number }[]>`
          select count(*)::int as open from dead_letters where resolved_at is null`;
        assert.equal(row?.open, 0);
      }),
  },
  {
    alert: "IndexerWaitingGrowing",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using program = scene.program({ streamUrl: server.url });
      const missing = `at://${didOf("alice")}/app.subcult.scene/gone`;
      let last = 0;
      for (let n = 0; n < 101; n++) {
        last = server.push(scene.events.put(`bob/post/p${n}`, { sceneId: missing }));
      }
      await program.committed(last);
      await metric(program, "indexer_waiting_records", "", (count) => count > 100);
      const [most] = await scene.statement("select reason, waiting_for");
      assert.deepEqual([most?.["waiting_for"], Number(most?.["count"])], [missing, 101]);
      scene.clue("parent_missing", most);
      await program.committed(server.push(scene.events.put("alice/scene/gone")));
      await metric(program, "indexer_waiting_records", "", (count) => count === 0);
    },
  },
  {
    alert: "IndexerReconcileFailing",
    async happens(scene): Promise<void> {
      const PLC_URL = `http://127.0.0.1:${lastingPort()}`;
      await using server = new ReplayServer();
      const names = Array.from({ length: 20 }, (_, n) => `author${n}`);
      for (const name of names) server.push(scene.events.put(`${name}/scene/s`));
      await using program = scene.program({
        streamUrl: server.url,
        env: { PLC_URL, RECONCILE_ALLOW_PRIVATE: "true", RECONCILE_AT_ONCE: "16" },
      });
      await program.committed(names.length);
      await requestReconciles(scene.sql, names.map(didOf), "sync");
      // Most of these are no DIDs, and fail at once. An unreachable directory is given a rest after its first failures.
      await metric(program, "indexer_reconciles_failing", "", (count) => count > 10);
      let why: Readonly<Record<string, unknown>> | undefined;
      await until(async () => {
        const rows = await scene.statement("select failure, count(*), max(detail)");
        why = rows.find(({ failure }) => failure === "unreachable");
        return why !== undefined;
      }, "a repository whose directory is unreachable");
      scene.clue("unreachable", why);
      assert.ok(JSON.stringify(why).includes(new URL(PLC_URL).host), JSON.stringify(why));
    },
  },
];
