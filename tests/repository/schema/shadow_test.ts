import assert from "node:assert/strict";
import {
  listDeadLetters,
  openDeadLetterIds,
} from "../../../lib/repository/dead_letters/dead_letters.ts";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { told } from "../../support/command_output.ts";
import { Program } from "../../support/crash/in_process.ts";
import { assertFolded, countsAfter, numberedStream } from "../../support/crash/stream.ts";
import { databaseTest } from "../../support/database.ts";
import { ReplayServer } from "../../support/jetstream/replay_server.ts";

const FRAMES = 200;

/**
 * For every function and operator of Postgres, others with its name that match our arguments as well or
 * better: where it takes anything, ones that take texts; where it takes a wider number, ones that take an
 * integer. Each raises an error.
 */
const SHADOWS = `
create function public.shadow() returns void language plpgsql as
  $$ begin raise exception 'a function of another role ran' using errcode = 'ZZ001'; end $$;
do $shadows$
declare
  f record;
  arguments text;
  made int := 0;
begin
  for f in
    select distinct p.proname, variant.types from pg_catalog.pg_proc as p,
    lateral (values
      (array(select case
          when t.typname in ('anyarray', 'anycompatiblearray') then 'text[]'
          when t.typname like 'any%' then 'text' else t.oid::regtype::text end
        from unnest(p.proargtypes::oid[]) with ordinality as a(id, at)
        join pg_catalog.pg_type as t on t.oid = a.id order by at)),
      (array(select case
          when t.typname in ('float8', 'float4', 'numeric', 'int8') then 'integer'
          when t.typname like 'any%array' then 'text[]'
          when t.typname like 'any%' then 'integer' else t.oid::regtype::text end
        from unnest(p.proargtypes::oid[]) with ordinality as a(id, at)
        join pg_catalog.pg_type as t on t.oid = a.id order by at)),
      (array(select 'text' from unnest(p.proargtypes::oid[])))
    ) as variant(types)
    where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'a', 'w')
      and p.pronargs between 1 and 4 and p.proname ~ '^[a-z]' and p.proretset is not null
      and not exists (select from unnest(p.proargtypes::oid[]) as a(id)
        join pg_catalog.pg_type as t on t.oid = a.id
        where t.typtype = 'p' and t.typname not like 'any%')
    -- One shadow can keep another from being made: the same ones each time.
    order by p.proname, variant.types
  loop
    begin
      execute format('create function public.%I(%s) returns text language sql as '
        || '$f$ select public.shadow()::text $f$', f.proname, array_to_string(f.types, ', '));
      made := made + 1;
    exception when others then null;
    end;
  end loop;
  for f in select distinct oprname from pg_catalog.pg_operator where oprkind = 'b' loop
    foreach arguments in array array['text[]', 'integer', 'text', 'uuid', 'jsonb', 'timestamptz'] loop
      begin
        execute format('create function public.shadow_of(%1$s, %1$s) returns boolean language plpgsql as '
          || '$f$ begin perform public.shadow(); return true; end $f$', arguments);
      exception when others then null;
      end;
      begin
        execute format('create operator public.%1$s (leftarg = %2$s, rightarg = %2$s, '
          || 'function = public.shadow_of)', f.oprname, arguments);
        made := made + 1;
      exception when others then null;
      end;
    end loop;
  end loop;
  -- Texts of a limited length are compared as texts: an operator for the pair itself fits better.
  for f in
    select o.oprname, pair.left_type, pair.right_type from pg_catalog.pg_operator as o, lateral (values
      ('varchar', 'text'), ('text', 'varchar'), ('varchar', 'varchar')) as pair(left_type, right_type)
    where o.oprleft = 'text'::regtype and o.oprright = 'text'::regtype and o.oprresult = 'bool'::regtype
  loop
    begin
      execute format('create function public.shadow_of(%s, %s) returns boolean language plpgsql as '
        || '$f$ begin perform public.shadow(); return true; end $f$', f.left_type, f.right_type);
    exception when others then null;
    end;
    execute format('create operator public.%s (leftarg = %s, rightarg = %s, '
      || 'function = public.shadow_of)', f.oprname, f.left_type, f.right_type);
    made := made + 1;
  end loop;
  if made < 1000 then raise exception 'only % shadows', made; end if;
end
$shadows$`;

async function asShadow(sql: Sql, role: string, text: string): Promise<void> {
  await sql.unsafe(`set local role ${role}; ${text}`);
}

databaseTest(
  "functions and operators that another role creates in our schema never run with our rights",
  async ({ url, sql }) => {
    const role = `shadow_${crypto.randomUUID().slice(0, 8)}`;
    await sql.unsafe(`create role ${role}; grant create on schema public to ${role}`);
    try {
      await asShadow(sql, role, SHADOWS);
      // Check of the test: an unqualified name finds such a function.
      await assert.rejects(sql.unsafe("select unnest('{a}'::text[])"), { code: "ZZ001" });
      await assert.rejects(sql.unsafe("select power(2, 1)"), { code: "ZZ001" });
      await assert.rejects(sql.unsafe("select 'a'::varchar = 'a'::text"), { code: "ZZ001" });
      const frames = numberedStream(7, FRAMES);
      await using server = new ReplayServer({ pingMs: 0 });
      await using program = new Program({
        databaseUrl: url,
        streamUrl: server.url,
        env: { BATCH_MAX_EVENTS: "20", INTERNAL_AUTH_TOKEN: "a-token-of-the-tests" },
        random: () => 0.05,
      });
      server.push(...frames);
      await program.until(() =>
        program.cursor >= FRAMES || program.said("cannot write a batch, retrying") > 0
      );
      const settings = {
        DATABASE_URL: url,
        LOCATION_JITTER_SECRET: "a secret of the tests",
        METRICS_PORT: String(program.running.port),
        INTERNAL_AUTH_TOKEN: "a-token-of-the-tests",
      };
      await listDeadLetters(sql, {
        state: "open",
        reason: "invalid_record",
        limit: 5,
        before: 1000,
      });
      await openDeadLetterIds(sql, {}, 5);
      for (
        const words of ["check --json", "migrate", "status --json", "dead-letters retry --all"]
      ) {
        const { out, err } = await told(words.split(" "), { env: settings });
        assert.equal(
          [...out, ...err].some((line) => /ZZ001|another role/.test(line)),
          false,
          words,
        );
      }
      assert.deepEqual(program.log.filter(({ level }) => level === "error"), []);
      assert.equal(await program.stop(), 0);
      await sql.unsafe(`drop owned by ${role} cascade`);
      await assertFolded(sql, frames);
      assert.deepEqual(program.counts, countsAfter(frames));
    } finally {
      await sql.unsafe(`drop owned by ${role} cascade; drop role ${role}`);
    }
  },
  { kinds: ["server"] },
);
