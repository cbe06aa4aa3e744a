import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Status } from "../../lib/server/status/status.ts";
import { told } from "../support/command_output.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";
import { until } from "../support/within.ts";

/** Settings for every command. */
function settings(
  url: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { DATABASE_URL: url, LOCATION_JITTER_SECRET: "a secret of the tests", ...more };
}

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

databaseTest("migrate applies what is missing, and then nothing", async ({ url }) => {
  const env = settings(url);
  const first = await told(["migrate"], { env });
  assert.deepEqual([first.code, first.err], [0, []]);
  assert.match(first.out.join(), /^applied migrations 1, 2, 3/);
  const second = await told(["migrate"], { env });
  assert.deepEqual([second.code, second.out], [0, ["nothing to apply"]]);
}, { content: "empty" });

databaseTest(
  "migrate ends with 1 on a database of a newer program, and says why",
  async ({ url, sql }) => {
    await sql`insert into schema_migrations (version, name, checksum) values (99, 'future', 'x')`;
    const { code, err } = await told(["migrate"], { env: settings(url) });
    assert.equal(code, 1);
    assert.match(err.join(), /migration 99 \(future\) is newer than this program/);
  },
);

databaseTest(
  "check reports that everything works, as text and as JSON",
  async ({ url }) => {
    await using server = new ReplayServer();
    const env = settings(url, { JETSTREAM_URL: `${server.url},${server.v2Url}` });
    const person = await told(["check"], { env });
    assert.deepEqual([person.code, person.err], [0, []]);
    assert.deepEqual(person.out.filter((line) => !line.startsWith("ok  ")), [
      "note  INTERNAL_AUTH_TOKEN is unset: metrics and the status page are open to all",
    ]);
    const script = await told(["check", "--json"], { env });
    const findings = JSON.parse(script.out.join("")) as Finding[];
    assert.deepEqual(findings.map(({ what }) => what), [
      "settings",
      "note",
      "database",
      "PostGIS",
      "migrations",
      `stream 127.0.0.1:${server.port}/subscribe`,
      `stream 127.0.0.1:${server.port}/xrpc/network.bsky.jetstream.subscribeEvents`,
    ]);
    assert.ok(findings.every(({ ok }) => ok));
  },
);

databaseTest("check finds each thing that is wrong, and ends with 1", async ({ url }) => {
  const silent = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const address = silent.address();
  assert.ok(typeof address === "object" && address !== null);
  await new Promise((resolve) => silent.close(resolve));
  await using server = new ReplayServer();
  const env = settings(url, {
    JETSTREAM_URL: `${server.url},ws://127.0.0.1:${address.port}/subscribe`,
  });
  const { code, out } = await told(["check"], { env });
  assert.equal(code, 1);
  const failed = out.filter((line) => line.startsWith("FAIL"));
  assert.equal(failed.length, 1);
  assert.match(
    failed[0] ?? "",
    new RegExp(`stream 127.0.0.1:${address.port}/subscribe: .*refused`),
  );

  const wrong = new URL(url);
  wrong.username = "nobody";
  wrong.password = "hunter2";
  wrong.port = String(address.port);
  const database = await told(["check", "--json"], {
    env: settings(wrong.href, { JETSTREAM_URL: server.url }),
  });
  assert.equal(database.code, 1);
  const text = database.out.join("");
  const findings = JSON.parse(text) as Finding[];
  assert.deepEqual(findings.filter(({ ok }) => !ok).map(({ what }) => what), ["database"]);
  assert.match(text, /cannot connect to the database: .*refused/i);
  assert.doesNotMatch(text, /hunter2/);
});

databaseTest("check tests database and stream despite an invalid setting", async ({ url }) => {
  await using server = new ReplayServer();
  const env = settings(url, { JETSTREAM_URL: server.url, METRICS_PORT: "http", STARTFROM: "live" });
  const person = await told(["check"], { env });
  assert.equal(person.code, 2);
  assert.match(person.err.join("\n"), /cannot use METRICS_PORT.*\n.*cannot use STARTFROM/);
  const tried = ["database", "PostGIS", "migrations", `stream 127.0.0.1:${server.port}/subscribe`];
  assert.deepEqual(person.out.map((line) => /^ok +(.*?): /.exec(line)?.[1]), tried);
  const script = await told(["check", "--json"], { env });
  const findings = JSON.parse(script.out.join("")) as Finding[];
  assert.deepEqual(findings.map(({ what }) => what), ["METRICS_PORT", "STARTFROM", ...tried]);

  // A misspelt database or stream setting must not lead to the default one.
  const { DATABASE_URL = "", ...others } = env;
  const misspelt = await told(["check"], {
    env: { ...others, SUBCULT_ENV: "development", DATABSE_URL: DATABASE_URL },
  });
  assert.equal(misspelt.code, 2);
  assert.deepEqual(misspelt.out.map((line) => /^ok +(.*?): /.exec(line)?.[1]), tried.slice(-1));
});

databaseTest(
  "check distinguishes a wrong password from a missing database",
  async ({ kind, url }) => {
    await using server = new ReplayServer();
    const wrong = new URL(url);
    if (kind === "embedded") wrong.password = "hunter2";
    else wrong.pathname = "/nowhere";
    const env = settings(wrong.href, { JETSTREAM_URL: server.url });
    const { code, out } = await told(["check"], { env });
    assert.equal(code, 1);
    assert.match(
      out.find((line) => line.startsWith("FAIL")) ?? "",
      kind === "embedded"
        ? /database: cannot use .*: wrong user or password \(DATABASE_URL\)$/
        : /database: cannot use .*: there is no such database \(DATABASE_URL\)$/,
    );
  },
);

databaseTest(
  "status shows the running process, as text and as JSON",
  async ({ url }) => {
    const events = new SampleEvents(Date.now() * 1000 - 20_000_000);
    const token = "a-token-of-the-tests";
    await using server = new ReplayServer();
    const last = server.push(
      events.put("alice/scene/s2", { name: "" }),
      events.put("bob/post/p1"),
      events.put("alice/scene/s1"),
    );
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: { INTERNAL_AUTH_TOKEN: token },
    });
    await program.committed(last);
    const env = { METRICS_PORT: String(program.running.port), INTERNAL_AUTH_TOKEN: token };

    const script = await told(["status", "--json"], { env });
    assert.deepEqual([script.code, script.err], [0, []]);
    const status = JSON.parse(script.out.join("")) as Status;
    assert.deepEqual([status.totals.applied, status.totals.waiting, status.totals.dead_letter], [
      1,
      1,
      1,
    ]);

    const person = await told(["status"], { env });
    assert.equal(person.code, 0);
    const text = person.out.join("\n");
    assert.match(text, /^health +well$/m);
    assert.match(text, /^stream +connected/m);
    assert.match(text, /^waiting +1$/m);
    assert.match(text, /^dead letters +1, empty_field 1$/m);
    assert.ok(!text.includes("\x1b"));
    const coloured = await told(["status"], { env, colours: true });
    assert.ok(coloured.out.join("\n").includes("\x1b[32m"));

    assert.deepEqual((await told(["status", "--ready"], { env })).code, 0);
    const stranger = await told(["status"], { env: { METRICS_PORT: env.METRICS_PORT } });
    assert.equal(stranger.code, 1);
    assert.match(stranger.err.join(), /requires a token/);
    const other = await told(
      ["status", "--json", "--url", `http://127.0.0.1:${env.METRICS_PORT}`],
      {
        env: { INTERNAL_AUTH_TOKEN: token },
      },
    );
    assert.equal(other.code, 0);
  },
);

databaseTest(
  "dead letters are listed, shown, retried and discarded from the command line",
  async (database) => {
    const env = settings(database.url);
    const events = new SampleEvents();
    const folded = new Folded(database);
    const run = (...words: string[]): ReturnType<typeof told> =>
      told(["dead-letters", ...words], { env });
    const json = async <T>(...words: string[]): Promise<T> =>
      JSON.parse((await run(...words, "--json")).out.join("")) as T;
    assert.deepEqual((await run("list")).out, ["none"]);

    await folded.batch(
      events.put("alice/scene/s1", { name: "" }),
      events.put("alice/scene/s2", { name: 7 }),
      "{broken",
    );
    const list = await run("list");
    assert.equal(list.code, 0);
    assert.equal(list.out.length, 5);
    assert.match(list.out[0] ?? "", /^ID +SINCE +REASON +RECORD +WHAT WAS FOUND$/);
    assert.equal(list.out.at(-1), "3 of 3 open");
    assert.match(list.out.join("\n"), new RegExp(`empty_field +${uriOf("alice/scene/s1")}`));
    type Letters = { id: number; reason: string; rkey: string | null }[];
    const letters = await json<Letters>("list");
    const idOf = (reason: string): string =>
      String(letters.find((letter) => letter.reason === reason)?.id);
    assert.deepEqual(
      (await json<Letters>("list", "--reason", "invalid_type", "--limit", "5"))
        .map(({ rkey }) => rkey),
      ["s2"],
    );

    const shown: { payload: { record: { name: string } } } = await json(
      "show",
      idOf("empty_field"),
    );
    assert.equal(shown.payload.record.name, "");
    assert.match((await run("show", idOf("empty_field"))).out.join("\n"), /attempts 0, next none/);
    const none = await run("show", "999999");
    assert.deepEqual([none.code, none.err], [1, [
      "jetstream-indexer: there is no dead letter 999999",
    ]]);

    const refused = { tried: 1, resolved: 0, left: 0, unseen: 0 };
    assert.deepEqual(await json("retry", idOf("empty_field")), {
      ...refused,
      letters: [{
        id: Number(idOf("empty_field")),
        why: "refused again, empty_field: name: got text of 0, expected some text",
      }],
    });
    // The output says why each dead letter stays open.
    const all = (await run("retry", "--all")).out;
    assert.equal(all.at(-1), "tried 2, resolved 0; 1 could not be retried");
    const whys = new Map(all.slice(0, -1).map((line) => line.split("  ") as [string, string]));
    assert.match(whys.get(idOf("empty_field")) ?? "", /^refused again, empty_field: /);
    assert.match(whys.get(idOf("invalid_json")) ?? "", /^only an excerpt of it is kept/);
    const nobody = await json<{ letters: unknown }>("retry", "999999");
    assert.deepEqual(nobody.letters, [{ id: 999999, why: "there is no such dead letter" }]);
    const { letters: _, ...counts } = await json<{ letters: unknown }>(
      "retry",
      "--reason",
      "invalid_type",
    );
    assert.deepEqual(counts, refused);

    // A record that is valid now: the mapper of a newer program accepts what the old one rejected.
    await folded.batch(events.put("alice/scene/s3"));
    await database
      .sql`update dead_letters set payload = jsonb_set(payload, '{record,name}', '"Named"')
    where reason = 'empty_field'`;
    assert.deepEqual(await json("retry", idOf("empty_field")), {
      tried: 1,
      resolved: 1,
      left: 0,
      unseen: 0,
      letters: [],
    });
    assert.deepEqual(await folded.live("alice/scene/s1"), [true]);

    assert.deepEqual(await json("discard", idOf("invalid_type"), idOf("invalid_json")), {
      discarded: 2,
    });
    const again = await run("discard", idOf("invalid_type"));
    assert.deepEqual([again.code, again.out], [1, ["discarded 0"]]);
    assert.deepEqual((await run("list")).out, ["none"]);
    const resolved = await json<{ resolution: string }[]>("list", "--resolved");
    assert.deepEqual(resolved.map(({ resolution }) => resolution).toSorted(), [
      "discarded",
      "discarded",
      "retried",
    ]);
  },
);

databaseTest(
  "dead letters are selected by reason, collection, author and age, and many are discarded only after a confirmation",
  async (database) => {
    const { sql } = database;
    await sql`
    insert into dead_letters (fingerprint, reason, detail, did, collection, rkey, created_at)
    select md5(n::text), (array['invalid_type', 'empty_field'])[1 + n % 2], 'd',
      'did:plc:author' || n % 3, 'app.subcult.' || (array['scene', 'post'])[1 + n % 2], n::text,
      now() - n * interval '1 hour'
    from generate_series(1, 60) as n`;
    const env = settings(database.url);
    const run = (
      words: readonly string[],
      confirm?: (question: string) => boolean,
    ): ReturnType<typeof told> =>
      told(["dead-letters", ...words], { env, ...(confirm === undefined ? {} : { confirm }) });
    const found = async (...words: string[]): Promise<number[]> => {
      const { out } = await run(["list", "--json", "--limit", "100", ...words]);
      return (JSON.parse(out.join("")) as { rkey: string }[])
        .map(({ rkey }) => Number(rkey)).toSorted((a, b) => a - b);
    };
    const expected = (is: (n: number) => boolean): number[] =>
      Array.from({ length: 60 }, (_, index) => index + 1).filter(is);
    assert.deepEqual(await found("--did", "did:plc:author1"), expected((n) => n % 3 === 1));
    assert.deepEqual(await found("--collection", "app.subcult.post"), expected((n) => n % 2 === 1));
    assert.deepEqual(await found("--collection", "app.subcult.*"), expected(() => true));
    assert.deepEqual(await found("--collection", "app.sub.*"), []);
    assert.deepEqual(await found("--newer-than", "330m"), expected((n) => n < 6));
    assert.deepEqual(
      await found("--older-than", "2d", "--reason", "empty_field", "--did", "did:plc:author0"),
      expected((n) => n >= 48 && n % 2 === 1 && n % 3 === 0),
    );

    const one = ["discard", "--collection", "app.subcult.post", "--older-than", "1d"];
    const count = expected((n) => n % 2 === 1 && n >= 24).length;
    // Without a terminal nobody can be asked, so nothing is done.
    const unasked = await run(one);
    assert.equal(unasked.code, 2);
    assert.match(unasked.err[0] ?? "", new RegExp(`discard ${count} dead letters: expected --yes`));
    const questions: string[] = [];
    const no = await run(one, (question) => {
      questions.push(question);
      return false;
    });
    assert.deepEqual([no.code, no.out, no.err], [1, [], ["nothing was done"]]);
    assert.deepEqual(questions, [`discard ${count} dead letters?`]);
    assert.equal((await found()).length, 60);
    assert.deepEqual((await run(one, () => true)).out, [`discarded ${count}`]);
    assert.deepEqual(await found(), expected((n) => !(n % 2 === 1 && n >= 24)));
    const rest = await run(["discard", "--all", "--yes"]);
    assert.deepEqual([rest.code, rest.out], [0, [`discarded ${60 - count}`]]);
    assert.deepEqual(await found(), []);
  },
);

databaseTest(
  "dead letters of a database without tables: the error says how to create them",
  async (db) => {
    const { code, err } = await told(["dead-letters", "list"], { env: settings(db.url) });
    assert.equal(code, 1);
    assert.match(err.join(), /lacks the tables of this version; run jetstream-indexer migrate$/);
  },
  { content: "empty" },
);

databaseTest(
  "a long list says how to get the next page, and a long retry shows its progress",
  async (database) => {
    const env = settings(database.url);
    await database.sql`
    insert into dead_letters (fingerprint, reason, detail, payload)
    select md5(n::text), 'invalid_json', 'cut', null from generate_series(1, 250) as n`;
    const list = await told(["dead-letters", "list", "--limit", "3"], { env });
    assert.equal(list.out.length, 5);
    assert.equal(list.out.at(-1), "3 of 250 open");
    const last = / *(\d+) /.exec(list.out.at(-2) ?? "")?.[1];
    assert.deepEqual(list.err, [`older ones: --before ${last}`]);

    const retry = await told(["dead-letters", "retry", "--all"], { env });
    assert.equal(retry.code, 0);
    assert.deepEqual(retry.err, [
      "retry: 250 dead letters",
      ...[100, 200, 250].map((seen) => `${seen} of 250, resolved 0`),
    ]);
    assert.equal(retry.out.at(-1), "tried 0, resolved 0; 250 could not be retried");

    const stop = new AbortController();
    stop.abort();
    const stopped = await told(["dead-letters", "retry", "--all"], { env, stop: stop.signal });
    assert.equal(stopped.code, 1);
    assert.deepEqual(stopped.out, ["tried 0, resolved 0; stopped before the last 250"]);
  },
);

databaseTest(
  "V-12 run from the command line ends with 0 when it is asked to stop, and logs no secret",
  async ({ url }) => {
    const events = new SampleEvents();
    await using server = new ReplayServer();
    server.push(events.put("alice/scene/s1"));
    const stop = new AbortController();
    const env = settings(url, {
      JETSTREAM_URL: server.url,
      JETSTREAM_COMPRESS: "false",
      START_FROM: "0",
      METRICS_PORT: "0",
      HTTP_HOST: "127.0.0.1",
      INTERNAL_AUTH_TOKEN: "a-token-of-the-tests",
    });
    const running = told([], { env, stop: stop.signal });
    await until(() => server.connected > 0, "the connection to the stream");
    stop.abort();
    const { code, out, err } = await running;
    assert.deepEqual([code, err], [0, []]);
    const lines = out.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(lines.at(-1)?.["message"], "stopped");
    // The first lines show servers, collections, where reading starts and why.
    const said = (message: string): Record<string, unknown> | undefined =>
      lines.find((line) => line["message"] === message);
    assert.deepEqual(said("reading")?.["servers"], [`127.0.0.1:${server.port}/subscribe`]);
    assert.deepEqual(said("reading")?.["collections"], ["app.subcult.*"]);
    const start = said("starting at a cursor");
    assert.deepEqual(start?.["cursor"], 0);
    assert.match(String(start?.["because"]), /no cursor is stored, so START_FROM applies/);
    // Where the database is, without the password.
    const text = out.join("\n");
    const { host, pathname, password } = new URL(url);
    assert.ok(text.includes(`${host}${pathname}`));
    for (const secret of ["a secret of the tests", "a-token-of-the-tests", password]) {
      if (secret !== "") assert.ok(!text.includes(secret));
    }
  },
);

databaseTest(
  "partitions shows and changes the number, and rejects anything but a number",
  async ({ url }) => {
    const env = settings(url);
    assert.deepEqual((await told(["partitions"], { env })).out, ["1"]);
    const changed = await told(["partitions", "4"], { env });
    assert.deepEqual([changed.code, changed.out, changed.err], [0, ["4, before: 1"], []]);
    assert.deepEqual((await told(["partitions", "4"], { env })).out, ["4 already"]);
    assert.deepEqual((await told(["partitions"], { env })).out, ["4"]);
    for (const words of [["0"], ["65"], ["many"], ["2", "3"], ["1.5"]]) {
      assert.equal((await told(["partitions", ...words], { env })).code, 2, words.join(" "));
    }
  },
);

databaseTest(
  "the number of partitions stays while one of them has no position yet",
  async ({ url, sql }) => {
    await sql`insert into partitioning (partitions) values (2)`;
    await sql`insert into indexer_state (consumer, partition, cursor, cursor_time, source)
      values ('default', 0, 5, now(), 'server'), ('default', 1, 0, null, null)`;
    const { code, err } = await told(["partitions", "3"], { env: settings(url) });
    assert.equal(code, 1);
    assert.match(err.join(), /not every partition of the consumer default has a position yet/);
    assert.deepEqual((await told(["partitions"], { env: settings(url) })).out, ["2"]);
  },
);
