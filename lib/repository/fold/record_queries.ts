/** The queries on the ledger and the accounts that fill the working set. */

import type { Mapper } from "../../mapper/content.ts";
import { KEY } from "../tables/ledger_table.ts";
import { columnsOf, type RowColumn, source } from "../tables/rows.ts";

/**
 * The ledger row of a key, looked up once for each input row. `offset 0` keeps the planner from joining in
 * another order: a plan made while the tables were empty read all records of a collection for each name.
 */
function ledgerRow(did: string, collection: string, rkey: string): string {
  return `lateral (select * from records as t
    where t.did = ${did} and t.collection = ${collection} and t.rkey = ${rkey} offset 0) as t`;
}

const ROW_OF_KEY = ledgerRow("r.did", "r.collection", "r.rkey");

/** The records to load, and for which of them the fields that refer to other records are needed. */
export const WANTED: readonly RowColumn[] = [
  ...KEY,
  ...columnsOf("boolean", "wanted"),
];

/** The longest AT-URI. Longer values can't be one and are not read. */
const LINK_LENGTH = 4_096;

/** How many records of repositories are loaded in advance: as many as are judged at a time. */
export const REPOSITORIES_MOST = 1000;

/** The queries for records. They read only the fields that refer to other records. */
export interface RecordQuestions {
  /** For `WANTED`: the state of each record, and on request the fields that refer to others. */
  readonly byKey: string;
  /** For `DID`: all records that are not deleted, or the first `REPOSITORIES_MOST` of them. */
  readonly ofRepositories: string;
  /** For `NAME`: the live records of some names, by collection. */
  readonly candidates: ReadonlyMap<string, string>;
  /** For `REQUEST`: by collection with requests. */
  readonly requests: ReadonlyMap<string, string>;
  /**
   * For the keys that a statement selects as did, collection and rkey; a row of nulls where the ledger has
   * none.
   */
  readonly selected: (keys: string) => string;
}

export function recordQuestions({ collections, linkFields }: Mapper): RecordQuestions {
  const fields = [...linkFields];
  // The `uri` of a strong reference, otherwise the text of the field.
  const text = (field: string): string =>
    `left(coalesce(f."${field}" operator(pg_catalog.->>) 'uri'::text,
      f."${field}" operator(pg_catalog.#>>) '{}'::text[]), ${LINK_LENGTH})`;
  const said = `(select json_build_object(${fields.map((field) => `'${field}', ${text(field)}`)})
    from jsonb_to_record(t.record) as f(${fields.map((field) => `"${field}" jsonb`)}))`;
  const columns = (wanted: string): string =>
    `t.did, t.collection, t.rkey, t.rev, t.cid, t.state, t.reason, t.waiting_for,
    pg_catalog.to_json(t.loose_references) as loose_references,
    (extract(epoch from t.event_time) * 1000000.0)::float8 as time_us,
    to_char(t.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at,
    case when ${wanted} and t.record is not null then ${said} end as fields,
    case when ${wanted} and (t.state <> 'applied' or t.loose_references is not null)
      then ${unpackedSize("t.record")} end as bytes`;
  // The authors are not known in advance, so their accounts are selected too.
  const withAccount = `${columns("true")},
    (select pg_catalog.row_to_json(a) from (select ${ACCOUNT_COLUMNS} from accounts as a where a.did = t.did) as a)
      as account`;
  return {
    byKey: `select ${columns("r.wanted::boolean")}
  from ${source(WANTED)}, ${ROW_OF_KEY}`,
    ofRepositories: `select ${columns("true")}
  from ${source(DID)},
  lateral (select * from records as t where t.did = r.did and t.state <> 'deleted'
    order by t.collection, t.rkey limit ${REPOSITORIES_MOST}) as t
  limit ${REPOSITORIES_MOST}`,
    selected: (keys) =>
      `select ${withAccount}
  from (${keys}) as c(did, collection, rkey) left join ${
        ledgerRow("c.did", "c.collection", "c.rkey")
      } on true`,
    candidates: new Map(
      collections.map(({ nsid, table }) => [
        nsid,
        `select ${withAccount}
  from ${source(NAME)},
  lateral (select s.record_did::text from ${table} as s
    where s.record_rkey::text = r.rkey and s.indexer_live limit r.most::bigint offset 0) as c,
  ${ledgerRow("c.record_did", `'${nsid}'`, "r.rkey")}`,
      ]),
    ),
    // An account's live records with one parent, and any one record, because "never asked" matters too.
    requests: new Map(
      collections.map(({ nsid, table, references: [reference] }) => [
        nsid,
        `select ${withAccount}, c.asks_for
  from ${source(REQUEST)},
  lateral (
    (select s.record_rkey::text as rkey, r.parent::uuid::text as asks_for from ${table} as s
      where s.record_did::text = r.did and s.${
          reference?.column ?? "id"
        } = r.parent::uuid and s.indexer_live
      limit r.most::bigint)
    union all
    (select s.rkey, null from records as s where s.did = r.did and s.collection = '${nsid}' limit 1)
  ) as c,
  ${ledgerRow("r.did", `'${nsid}'`, "c.rkey")}`,
      ]),
    ),
  };
}

/**
 * Size of a jsonb value, uncompressed. The `-` deletes nothing; it forces the value to be unpacked. Taking
 * the length of its text would take a hundred times as long.
 */
export function unpackedSize(column: string): string {
  return `coalesce(pg_column_size(${column} #- '{}'), 0)`;
}

export const SIZES = `select t.did, t.collection, t.rkey, ${unpackedSize("t.record")} as bytes
  from ${source(KEY)}, ${ROW_OF_KEY}`;

export const BODIES = `select t.did, t.collection, t.rkey, t.record
  from ${source(KEY)}, ${ROW_OF_KEY}`;

export const DID = columnsOf("text", "did");

const ACCOUNT_COLUMNS = `a.did, a.handle, a.active, a.status,
    (extract(epoch from a.account_time) * 1000000.0)::float8 as account_time_us,
    a.account_seq::float8 as account_seq, a.account_source,
    a.account_cursor::float8 as account_cursor,
    (extract(epoch from a.identity_time) * 1000000.0)::float8 as identity_time_us,
    a.identity_seq::float8 as identity_seq, a.identity_source,
    a.identity_cursor::float8 as identity_cursor,
    (extract(epoch from a.known_since) * 1000000.0)::float8 as known_since_us,
    (extract(epoch from a.purged_until) * 1000000.0)::float8 as purged_until_us`;

export const ACCOUNTS = `select ${ACCOUNT_COLUMNS}
  from ${source(DID)}, lateral (select * from accounts as a where a.did = r.did offset 0) as a`;

/** A bare name, and how many of its records can matter. */
export const NAME: readonly RowColumn[] = [
  ...columnsOf("text", "rkey"),
  ...columnsOf("bigint", "most"),
];

/**
 * The account that a decision is about, the id of the record that it decides on, and how many requests can
 * matter.
 */
export const REQUEST: readonly RowColumn[] = [
  ...columnsOf("text", "did"),
  ...columnsOf("uuid", "parent"),
  ...columnsOf("bigint", "most"),
];

const known = new WeakMap<Mapper, RecordQuestions>();

/** The same text for each batch, so that prepared plans are reused. */
export function questionsOf(mapper: Mapper): RecordQuestions {
  let questions = known.get(mapper);
  if (questions === undefined) known.set(mapper, questions = recordQuestions(mapper));
  return questions;
}
