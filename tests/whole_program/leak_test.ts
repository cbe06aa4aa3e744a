/**
 * Promise 4, and that secrets stay secret, tested by a search: the whole program runs over a stream that
 * contains thousands of marked places in every form, with faults and rejections, and everything that it
 * prints and stores is searched for them.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { databaseTest, type TestDatabase, withDatabase } from "../support/database.ts";
import { type Breach, BREACHES } from "../support/leak/breach.ts";
import { REFUSED_NAME } from "../support/leak/consent.ts";
import { LOCATIONS, TEXTS, VALUES } from "../support/leak/disguise.ts";
import { Marks } from "../support/leak/mark.ts";
import { everythingSaid, type RunOptions, secretsOfRun } from "../support/leak/run.ts";
import { type Haystack, Search } from "../support/leak/search.ts";
import { type LeakStream, leakStream } from "../support/leak/stream.ts";
import { searched } from "../support/places/forms.ts";

/** The database refuses some rows, and quotes them in its words. */
const REFUSALS = `create function refuse() returns trigger language plpgsql as $$ begin
    raise exception 'refused: %', new::text using detail = to_json(new)::text;
  end $$;
  create trigger refuse before insert or update on scenes for each row
    when (new.name like '${REFUSED_NAME}%') execute function refuse();
  create trigger refuse before insert or update on events for each row
    when (new.title like '${REFUSED_NAME}%') execute function refuse();`;

async function said(
  { url, sql }: TestDatabase,
  { frames }: LeakStream,
  { letters, batch, breach }: Pick<RunOptions, "letters" | "batch"> & { readonly breach?: Breach },
): Promise<Haystack[]> {
  await sql.unsafe(REFUSALS);
  if (breach?.sql !== undefined) await sql.unsafe(breach.sql);
  return await everythingSaid({
    databaseUrl: url,
    sql,
    frames,
    letters,
    batch,
    ...(breach === undefined ? {} : { breach }),
  });
}

async function distinct(sql: Sql, column: string, table: string): Promise<readonly string[]> {
  const rows = await sql.unsafe<{ value: string }[]>(
    `select distinct ${column} as value from ${table} where ${column} is not null order by 1`,
  );
  return rows.map(({ value }) => value);
}

databaseTest(
  "nothing that is printed or stored reveals a place that is not shared, or a secret",
  async (database) => {
    const { sql, url } = database;
    const stream = leakStream();
    assert.ok(stream.frames.length > 4000 && stream.marks.length > 4000);
    const haystacks = await said(database, stream, { letters: 20, batch: 400 });
    const forms = searched();
    assert.ok(forms.length > 100);
    const search = new Search(stream.marks, [...secretsOfRun(url), ...forms]);
    assert.deepEqual(search.in(haystacks), []);

    // The search was meaningful: every kind of event happened, and shared places were found.
    assert.deepEqual(await distinct(sql, "state", "records"), [
      "applied",
      "deleted",
      "rejected",
      "suppressed",
      "unmapped",
      "waiting",
    ]);
    assert.ok((await distinct(sql, "reason", "dead_letters")).length > 20);
    assert.deepEqual(await distinct(sql, "resolution", "dead_letters"), ["superseded"]);
    for (const surface of ["ledger", "product", "letter"] as const) {
      const found = search.found(haystacks.filter((haystack) => haystack.surface === surface));
      const missing = stream.marks.filter((mark) => mark.allowed.has(surface) && !found.has(mark));
      assert.deepEqual(missing.map(({ name }) => name), []);
    }
    // What came and went within one batch never had a row, so not all of these words are in one.
    const texts = haystacks.filter(({ surface }) => surface === "text");
    assert.ok(search.found(texts).size > 0);
    const log = haystacks.find(({ where }) => where === "log")?.text ?? "";
    for (const words of ["HTTP 401", "HTTP 503", "retrying", "a row was rejected", "[secret]"]) {
      assert.ok(log.includes(words), words);
    }
  },
  { kinds: ["embedded"] },
);

for (const breach of BREACHES) {
  Deno.test(`the search finds the leak without ${breach.without}`, async () => {
    await withDatabase("embedded", async (database) => {
      const { batch = 20, every = 60 } = breach;
      const stream = leakStream(every);
      const haystacks = await said(database, stream, { letters: 3, batch, breach });
      const findings = new Search(stream.marks, secretsOfRun(database.url)).in(haystacks);
      const places = [...new Set(findings.map(({ where }) => where))];
      assert.ok(places.some((where) => breach.leaksTo.test(where)), `found in ${places}`);
    });
  });
}

Deno.test("the search recognises a place in every disguise, and a secret in every form", () => {
  const marks = new Marks(1);
  const told = [...TEXTS, ...VALUES, ...LOCATIONS].map(([name, tell]) => {
    const mark = marks.add(name);
    return { mark, text: JSON.stringify(tell(mark)) };
  });
  const secret = { name: "a secret", text: 'pass "w/ord" %ü' };
  const search = new Search(marks.all, [secret]);
  for (const { mark, text } of told) {
    for (const haystack of [text, JSON.stringify({ text })]) {
      const found = search.found([{ where: "here", text: haystack }]);
      assert.deepEqual([...found], [mark], `${mark.name}: ${haystack}`);
    }
  }
  const bytes = Buffer.from(secret.text);
  const forms = [
    secret.text,
    encodeURIComponent(secret.text),
    JSON.stringify(secret.text),
    JSON.stringify({ json: JSON.stringify(secret.text) }),
    bytes.toString("base64"),
    bytes.toString("hex"),
  ];
  for (const form of forms) {
    const findings = search.in([{ where: "here", text: `before ${form} after` }]);
    assert.deepEqual(findings.map(({ what }) => what).slice(0, 1), ["a secret"], form);
  }
  assert.deepEqual(search.in([{ where: "here", text: "61.5 pass word u33db8 2024-01-01" }]), []);
});

databaseTest(
  "the database itself rejects a place without consent, in every table with places",
  async ({ sql }) => {
    const refuses = async (statement: string): Promise<void> => {
      await assert.rejects(sql.unsafe(statement), { code: "23514" }, statement);
    };
    for (
      const location of [
        '{"lat": 61.5, "lng": 101.5}',
        '{"lat": 61.5, "lng": 101.5, "allowPrecise": null}',
        '{"lat": 61.5, "lng": 101.5, "allowPrecise": "true"}',
        '{"lng": 101.5, "allowPrecise": false}',
        '{"lat": 61.5, "allowPrecise": [true]}',
        '{"allowPrecise": false, "coarseGeohash": "u33db8x"}',
        '{"coarseGeohash": "u33db8xyz"}',
      ]
    ) {
      await refuses(`insert into records
      (did, collection, rkey, rev, idempotency_key, state, record, event_time, created_at)
      values ('d', 'c', 'r', '1', '', 'applied', '{"location": ${location}}', now(), now())`);
      await refuses(`insert into dead_letters (fingerprint, reason, detail, payload)
      values ('', 'invalid_record', '', '{"record": {"location": ${location}}}')`);
    }
    for (const collection of ["app.subcult.scene", "app.subcult.event"]) {
      const beside = '{"coarseGeohash": "u33db8x"}';
      await refuses(`insert into records
        (did, collection, rkey, rev, idempotency_key, state, record, event_time, created_at)
        values ('d', '${collection}', 'r', '1', '', 'applied', '${beside}', now(), now())`);
      await refuses(`insert into dead_letters (fingerprint, reason, detail, collection, payload)
        values ('', 'invalid_record', '', '${collection}', '{"record": ${beside}}')`);
    }
    const point = "'point(101.5 61.5)'::geography";
    const scene = "insert into scenes (id, name, owner_did, indexer_live";
    const values = "values (gen_random_uuid(), 'x', 'd'";
    await refuses(`${scene}, precise_point) ${values}, true, ${point})`);
    await refuses(`${scene}, coarse_geohash) ${values}, true, 'u33db8x')`);
    await refuses(`${scene}, coarse_geohash) ${values}, false, 'u33db8')`);
    await refuses(`${scene}, display_point) ${values}, false, ${point})`);
    const event = "insert into events (id, scene_id, title, starts_at, indexer_live";
    const night = "values (gen_random_uuid(), gen_random_uuid(), 'x', now()";
    await refuses(`${event}, precise_point) ${night}, true, ${point})`);
    await refuses(`${event}, coarse_geohash) ${night}, true, 'u33db8x')`);
    await refuses(`${event}, display_point) ${night}, false, ${point})`);
  },
);
