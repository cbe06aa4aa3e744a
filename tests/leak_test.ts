/**
 * Promise 4, and that secrets stay secret, as a search: the whole program is run over a stream that
 * tells thousands of marked places in every way, and everything that it says and stores is searched.
 */

import assert from "node:assert/strict";
import { connect, terminate } from "../lib/repository/connection.ts";
import { migrate } from "../lib/repository/migrate.ts";
import { startEmbedded } from "../lib/repository/embedded/embedded.ts";
import { everythingSaid, secretsOfRun } from "./leak/run.ts";
import { type Finding, Search } from "./leak/search.ts";
import { leakStream } from "./leak/stream.ts";
import { REFUSED_NAME } from "./leak/consent.ts";

Deno.test("nothing leaks", async () => {
  const { url, close } = await startEmbedded();
  const sql = connect(url, { max: 1, applicationName: "leak test" });
  await migrate(sql);
  await sql.unsafe(`create function refuse() returns trigger language plpgsql as $$ begin
    raise exception 'refused: %', new::text using detail = to_json(new)::text;
  end $$;
  create trigger refuse before insert or update on scenes for each row when (new.name like '${REFUSED_NAME}%') execute function refuse();
  create trigger refuse before insert or update on events for each row when (new.title like '${REFUSED_NAME}%') execute function refuse();`);
  try {
    const { frames, marks } = leakStream(Number(Deno.env.get("EVERY") ?? 10));
    console.time("run");
    const said = await everythingSaid({ databaseUrl: url, sql, frames });
    console.timeEnd("run");
    console.time("search");
    const search = new Search(marks, secretsOfRun(url));
    const findings = search.in(said);
    console.timeEnd("search");
    console.log(said.length, said.reduce((s, { text }) => s + text.length, 0));
    for (const f of findings.slice(0, 40)) console.log(f);
    console.log(findings.length);
    console.log(await sql`select state, reason, count(*) from records group by 1,2 order by 1,2`);
    console.log(
      await sql`select reason, resolution, count(*) from dead_letters group by 1,2 order by 1,2`,
    );
    const found = search.found(said.filter((s) => s.surface !== undefined));
    console.log(
      "allowed not found",
      marks.filter((m) => m.allowed.size > 0 && !found.has(m)).map((m) => m.name),
    );
    console.log(said.find((s) => s.where === "log")?.text.split("\n").slice(0, 30).join("\n"));
  } finally {
    await terminate(sql);
    await close();
  }
});
