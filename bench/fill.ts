/** Fills the tables by SQL, with the proportions and sizes of the sample stream. */

import type { Scratch } from "./database.ts";

/** Ledger rows that belong together, as in the sample stream. */
const GROUP = 20;

/** Names that no event of the sample stream has. */
const DID = (group: string): string => `'did:plc:filled' || lpad((${group})::text, 18, '0')`;

/** A text of `count` words, out of 1728, by number. */
const words = (seed: string, count: number): string =>
  `(select string_agg('w' || (hashint4(${seed} * 31 + w) & 2047)::text, ' ')
    from generate_series(1, ${count}) as w)`;

const ID = (collection: string, rkey: string): string =>
  `md5('${collection}' || (${rkey})::text)::uuid`;

/** Which of a group's twenty records are of a table, and what its own columns are. */
const PARTS: readonly {
  readonly table: string;
  readonly nsid: string;
  readonly from: number;
  readonly to: number;
  readonly columns: Readonly<Record<string, string>>;
}[] = [
  {
    table: "scenes",
    nsid: "app.subcult.scene",
    from: 0,
    to: 1,
    columns: {
      name: words("n", 3),
      description: words("n + 1", 18),
      owner_did: DID("g"),
      coarse_geohash: "substr(md5(n::text), 1, 6)",
      display_point:
        "st_setsrid(st_makepoint(2 + n % 1800 / 100.0, 48 + n % 811 / 100.0), 4326)::geography",
      tags: `string_to_array(${words("n + 2", 3)}, ' ')`,
    },
  },
  {
    table: "events",
    nsid: "app.subcult.event",
    from: 2,
    to: 5,
    columns: {
      title: words("n", 4),
      description: words("n + 1", 16),
      scene_id: ID("scenes", `g * ${GROUP}`),
      starts_at: "timestamptz '2026-01-01' + n * interval '1 second'",
      coarse_geohash: "substr(md5(n::text), 1, 6)",
      display_point:
        "st_setsrid(st_makepoint(2 + n % 1800 / 100.0, 48 + n % 811 / 100.0), 4326)::geography",
      tags: `string_to_array(${words("n + 2", 2)}, ' ')`,
    },
  },
  {
    table: "posts",
    nsid: "app.subcult.post",
    from: 6,
    to: 13,
    columns: {
      text: words("n", 24),
      author_did: DID("g"),
      scene_id: ID("scenes", `g * ${GROUP}`),
    },
  },
  {
    table: "alliances",
    nsid: "app.subcult.alliance",
    from: 14,
    to: 15,
    columns: {
      from_scene_id: ID("scenes", `g * ${GROUP}`),
      to_scene_id: ID("scenes", `g * ${GROUP} + 1`),
    },
  },
  {
    table: "memberships",
    nsid: "app.subcult.membership",
    from: 16,
    to: 18,
    columns: { scene_id: ID("scenes", `g * ${GROUP}`), user_did: DID("g + 7") },
  },
  {
    table: "stream_sessions",
    nsid: "app.subcult.stream",
    from: 19,
    to: 19,
    columns: {
      event_id: ID("events", `g * ${GROUP} + 2`),
      host_did: DID("g"),
      room_name: "'room-' || n",
    },
  },
];

/** Empties the tables, fills them until the ledger has the given number of rows, and analyses them. */
export async function fill(scratch: Scratch, ledgerRows: number): Promise<void> {
  await scratch.empty();
  const { sql } = scratch;
  const groups = Math.floor(ledgerRows / GROUP);
  await sql.unsafe(`insert into accounts (did, known_since)
    select ${DID("g")}, '2026-01-01' from generate_series(1, ${groups}) as g`);
  for (const { table, nsid, from, to, columns } of PARTS) {
    const numbers = `(select g, g * ${GROUP} + p as n
      from generate_series(1, ${groups}) as g, generate_series(${from}, ${to}) as p) as numbers`;
    const names = Object.keys(columns).join(", ");
    const values = Object.values(columns).join(", ");
    await sql.unsafe(`insert into ${table} (id, record_did, record_rkey, record_rev, ${names})
      select ${ID(table, "n")}, ${DID("g")}, '3f' || lpad(n::text, 11, '2'), '3f2', ${values}
      from ${numbers}`);
    await sql.unsafe(`insert into records
        (did, collection, rkey, rev, cid, idempotency_key, state, record, event_time, created_at)
      select record_did, '${nsid}', record_rkey, record_rev, 'bafyreifilled',
        encode(sha256(id::text::bytea), 'hex'), 'applied',
        jsonb_build_object('$type', '${nsid}', 'text', ${text(columns)}),
        '2026-01-01', '2026-01-01'
      from ${table}`);
  }
  await sql.command("vacuum analyze");
  await scratch.settle();
}

/** Records are as long as their longest texts. */
function text(columns: Readonly<Record<string, string>>): string {
  const name = ["description", "text"].find((column) => Object.hasOwn(columns, column));
  return name ?? "repeat('x', 150)";
}
