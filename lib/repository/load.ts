/**
 * Fills the working set: the ledger's rows of given records, of what they refer to, and the accounts
 * of their authors. The caller holds the writer's lock, so what was loaded stays true.
 */

import type { TransactionSql } from "postgres";
import type { JsonObject } from "../decoder/json.ts";
import type { RecordKey, Reference, Row } from "../mapper/collection.ts";
import { type Content, keyOf, type Link, type Mapper } from "../mapper/content.ts";
import { idempotencyKey } from "../mapper/idempotency_key.ts";
import { isReason } from "../reason.ts";
import { type Refusals, refusedContent } from "./batch.ts";
import type { Entry, State } from "./fold/entry.ts";
import type { World } from "./fold/world.ts";
import { parametersOf, type RowColumn, source } from "./rows.ts";
import { PREPARED } from "./store.ts";

const WANTED: readonly RowColumn[] = [
  { name: "did", type: "text" },
  { name: "collection", type: "text" },
  { name: "rkey", type: "text" },
  { name: "wanted", type: "boolean" },
];

const RECORDS = `select t.did, t.collection, t.rkey, t.rev, t.cid, t.state, t.reason, t.waiting_for,
    to_json(t.loose_references) as loose_references,
    (extract(epoch from t.event_time) * 1000000)::float8 as time_us,
    to_char(t.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at,
    case when r.wanted::boolean then t.record end as record
  from ${source(WANTED)}
  join records as t on (t.did, t.collection, t.rkey) = (r.did, r.collection, r.rkey)`;

const DID: readonly RowColumn[] = [{ name: "did", type: "text" }];

const ACCOUNTS = `select t.did, t.handle, t.active, t.status,
    (extract(epoch from t.account_time) * 1000000)::float8 as account_time_us,
    t.account_seq::float8 as account_seq,
    (extract(epoch from t.identity_time) * 1000000)::float8 as identity_time_us,
    t.identity_seq::float8 as identity_seq,
    (extract(epoch from t.known_since) * 1000000)::float8 as known_since_us,
    (extract(epoch from t.purged_until) * 1000000)::float8 as purged_until_us
  from ${source(DID)}
  join accounts as t on t.did = r.did`;

const NAME: readonly RowColumn[] = [
  { name: "rkey", type: "text" },
  { name: "most", type: "bigint" },
];

/** The live records of a name, as many as can matter: see `Loader.followLinks`. */
function candidatesStatement(table: string): string {
  return `select r.rkey, t.record_did as did
    from ${source(NAME)},
    lateral (select s.record_did from ${table} as s
      where s.record_rkey = r.rkey and s.indexer_live limit r.most::bigint) as t`;
}

/** Verdicts that other records can change. */
const REJECTED_BY_REFERENCE = new Set<string>(["not_scene_owner", "self_alliance"]);

/**
 * How much of a record is loaded: how it stands; for a parent that refers to others itself its content
 * too, because it stands as they do; or the content whatever it is, which judging it again takes.
 */
export type Depth = "standing" | "parents" | "content";

export class Loader {
  readonly #tx: TransactionSql;
  readonly #world: World;
  readonly #mapper: Mapper;
  readonly #refusals: Refusals;
  readonly #tableOf: ReadonlyMap<string, string>;
  /** Collections whose records are referred to and refer to others themselves: their content is needed. */
  readonly #between: ReadonlySet<string>;
  readonly #loadedNames = new Set<string>();
  /**
   * Whether some bare reference may mean a record that refers to others itself: which of those are
   * live can change with any parent of theirs.
   */
  hasUnsteadyNames = false;
  /** How many candidates of one name this batch can take away; see `followLinks`. */
  readonly #batchSize: number;

  constructor(
    tx: TransactionSql,
    world: World,
    mapper: Mapper,
    refusals: Refusals,
    batchSize: number,
  ) {
    this.#tx = tx;
    this.#world = world;
    this.#refusals = refusals;
    this.#mapper = mapper;
    this.#batchSize = batchSize;
    this.#tableOf = new Map(mapper.collections.map(({ nsid, table }) => [nsid, table]));
    this.#between = new Set(
      mapper.collections.filter(({ nsid, references }) =>
        mapper.targets.has(nsid) && references.length > 0
      )
        .map(({ nsid }) => nsid),
    );
  }

  /**
   * Loads records, and what those refer to whose content it loads. Returns the entries that are new in
   * the working set.
   */
  async load(keys: Iterable<RecordKey>, depth: Depth): Promise<Entry[]> {
    const added: Entry[] = [];
    const wanted = new Set<Entry>();
    for (const key of keys) {
      const known = this.#world.get(key);
      const entry = known ?? this.#world.entry(key);
      if (known === undefined) added.push(entry);
      const lacksContent = entry.content === null && entry.rev !== null;
      if (known === undefined || (lacksContent && this.#needsContent(key, depth))) {
        wanted.add(entry);
      }
    }
    if (wanted.size === 0) return added;

    const dids = new Set<string>();
    const rows: Row[] = [];
    for (const { key } of wanted) {
      const { did, collection, rkey } = key;
      dids.add(did);
      rows.push({ did, collection, rkey, wanted: this.#needsContent(key, depth) });
    }
    const [records] = await Promise.all([
      this.#tx.unsafe<RecordRow[]>(RECORDS, parametersOf(WANTED, rows), PREPARED),
      this.accounts(dids),
    ]);
    const mentions: Mentions[] = [];
    for (const row of records) {
      const entry = this.#world.entry(row);
      fill(entry, row);
      const refused = this.#refusals.size > 0
        ? this.#refusals.get(idempotencyKey(row, row.rev))
        : undefined;
      if (row.state === "deleted") entry.content = { kind: "deleted" };
      else if (refused !== undefined && row.record !== null) {
        entry.content = refusedContent(refused, row.record);
      } else if (row.state === "rejected" && !REJECTED_BY_REFERENCE.has(row.reason ?? "")) {
        entry.content = keptRejection(row);
      } else if (row.record !== null) {
        entry.content = this.#mapper.record(entry.key, row.record, entry.timeUs);
      }
      if (entry.content?.kind === "mapped") {
        mentions.push({ author: row.did, links: entry.content.links });
      }
    }
    added.push(...await this.followLinks(mentions));
    return added;
  }

  #needsContent({ collection }: RecordKey, depth: Depth): boolean {
    return depth === "content" || (depth === "parents" && this.#between.has(collection));
  }

  /** Loads the accounts that the working set doesn't have yet. */
  async accounts(dids: Iterable<string>): Promise<void> {
    const missing = [...new Set(dids)].filter((did) => !this.#world.accounts.has(did));
    if (missing.length === 0) return;
    const keys = missing.map((did) => ({ did }));
    const rows = await this.#tx.unsafe<AccountRow[]>(ACCOUNTS, parametersOf(DID, keys), PREPARED);
    for (const row of rows) {
      const account = this.#world.account(row.did);
      account.handle = row.handle;
      account.active = row.active;
      account.status = row.status;
      account.accountTimeUs = row.account_time_us ?? 0;
      account.accountSeq = row.account_seq;
      account.identityTimeUs = row.identity_time_us ?? 0;
      account.identitySeq = row.identity_seq;
      account.knownSinceUs = row.known_since_us;
      account.purgedUntilUs = row.purged_until_us;
    }
    // An account that isn't in the table is as unknown accounts are.
    for (const did of missing) this.#world.account(did);
  }

  /** Loads what some records refer to. */
  async followLinks(mentions: Iterable<Mentions>): Promise<Entry[]> {
    const keys: RecordKey[] = [];
    const bare: { author: string; link: Link }[] = [];
    for (const { author, links } of mentions) {
      for (const link of links) {
        keys.push(keyOf(author, link));
        if (typeof link.target === "string") bare.push({ author, link });
      }
    }
    const added = await this.load(keys, "parents");

    const names = new Map<string, { reference: Reference; rkey: string }>();
    for (const { author, link } of bare) {
      if (typeof link.target !== "string") continue;
      if (this.#world.ownTarget(author, link) !== null) continue;
      const name = `${link.reference.target}/${link.target}`;
      if (this.#loadedNames.has(name)) continue;
      this.#loadedNames.add(name);
      if (this.#between.has(link.reference.target)) this.hasUnsteadyNames = true;
      names.set(name, { reference: link.reference, rkey: link.target });
    }
    for (const [target, table] of this.#tableOf) {
      // One live record means that one, several mean none. The events of a batch can each take at
      // most one candidate away, so beyond their number two are as good as all.
      const wanted = [...names.values()].filter(({ reference }) => reference.target === target)
        .map(({ rkey }) => ({ rkey, most: this.#batchSize + 2 }));
      if (wanted.length === 0) continue;
      const rows = await this.#tx.unsafe<{ rkey: string; did: string }[]>(
        candidatesStatement(table),
        parametersOf(NAME, wanted),
        PREPARED,
      );
      const found = rows.map(({ did, rkey }) => ({ did, collection: target, rkey }));
      added.push(...await this.load(found, "parents"));
    }
    return added;
  }
}

/** What a record of an author refers to. */
export interface Mentions {
  readonly author: string;
  readonly links: readonly Link[];
}

interface RecordRow {
  did: string;
  collection: string;
  rkey: string;
  rev: string;
  cid: string | null;
  state: State;
  reason: string | null;
  waiting_for: string | null;
  loose_references: string[] | null;
  time_us: number;
  created_at: string;
  record: JsonObject | null;
}

interface AccountRow {
  did: string;
  handle: string | null;
  active: boolean;
  status: string | null;
  account_time_us: number | null;
  account_seq: number;
  identity_time_us: number | null;
  identity_seq: number;
  known_since_us: number | null;
  purged_until_us: number | null;
}

function fill(entry: Entry, row: RecordRow): void {
  entry.rev = row.rev;
  entry.cid = row.cid;
  entry.timeUs = row.time_us;
  // An entry that is loaded again, for its content, may know of an earlier time by now.
  if (entry.createdAt === null || row.created_at < entry.createdAt) {
    entry.createdAt = row.created_at;
  }
  entry.stored = {
    state: row.state,
    reason: row.reason,
    waitingFor: row.waiting_for,
    loose: row.loose_references,
  };
}

/** A record that was refused for itself stays refused; what is left of it may look valid by now. */
function keptRejection(row: RecordRow): Content {
  const reason = isReason(row.reason) ? row.reason : "invalid_record";
  return { kind: "rejected", refusal: { reason, detail: "" }, record: row.record, byDecoder: true };
}
