-- What makes the promises cheap: one row for each record ever seen in scope, deleted ones included.
-- Keys and revs compare as bytes (TIDs sort that way), whatever the database's locale.

create table records (
  did text collate "C" not null,
  collection text collate "C" not null,
  rkey text collate "C" not null,
  rev text collate "C" not null,
  cid text,
  -- Lower-case hex SHA-256 of did, collection, rkey and rev, joined by NUL.
  idempotency_key text not null,
  state text not null
    check (state in ('applied', 'waiting', 'rejected', 'deleted', 'suppressed', 'unmapped')),
  reason text,
  -- The first reference that does not resolve: an AT-URI, or collection/rkey for a bare rkey.
  waiting_for text collate "C",
  -- Bare rkeys that the author's own repository has never had, as collection/rkey: what they mean
  -- changes when any record of that name comes or goes.
  loose_references text[] collate "C",
  -- As coarsened at decode time. Null for a deleted record.
  record jsonb,
  event_time timestamptz not null,
  -- The least that any revision said: its createdAt, or else its event time. Never moves forward.
  created_at timestamptz not null,
  indexed_at timestamptz not null default now(),
  primary key (did, collection, rkey),
  constraint chk_records_waiting check ((state = 'waiting') = (waiting_for is not null)),
  constraint chk_records_deleted check (state <> 'deleted' or record is null),
  constraint chk_records_consent check (
    record is null
    or not (record -> 'location' ?| array['lat', 'lng'])
    or coalesce(record -> 'location' -> 'allowPrecise' = 'true', false)
  ),
  constraint chk_records_geohash check (
    length(record -> 'location' ->> 'coarseGeohash') <= 6
  )
);

-- Children of a parent that has just become live; and the count of waiting records.
create index idx_records_waiting_for on records (waiting_for) where waiting_for is not null;
-- How many records of a repository wait.
create index idx_records_waiting_did on records (did) where waiting_for is not null;
-- Records whose bare reference may mean something else now.
create index idx_records_loose_references on records using gin (loose_references)
  where loose_references is not null;

create table accounts (
  did text collate "C" primary key,
  handle text,
  active boolean not null default true,
  status text,
  -- Where the newest account event stood: only a newer one changes the account.
  account_time timestamptz,
  account_seq bigint not null default 0,
  identity_time timestamptz,
  identity_seq bigint not null default 0,
  -- Event time of the first record that we hold. Null: an inactive account that we hold nothing of,
  -- remembered so that its records stay hidden if they come.
  known_since timestamptz,
  -- Records up to here are deleted for good (account deleted, or repository rebuilt).
  purged_until timestamptz,
  updated_at timestamptz not null default now()
);

create table dead_letters (
  id bigint generated always as identity primary key,
  -- The record's idempotency key, or SHA-256 of a message that can't be decoded: a replay adds nothing.
  fingerprint text collate "C" not null unique,
  reason text not null,
  detail text not null,
  did text collate "C",
  collection text collate "C",
  rkey text collate "C",
  rev text collate "C",
  -- What a retry needs, coarsened. Null once the letter is moot.
  payload jsonb,
  attempts integer not null default 0,
  -- When it is tried again by itself. Null: it waits for a person.
  next_attempt_at timestamptz,
  created_at timestamptz not null default now(),
  resolved_at timestamptz,
  -- superseded, retried or discarded.
  resolution text check (resolution in ('superseded', 'retried', 'discarded')),
  constraint chk_dead_letters_resolved check ((resolved_at is null) = (resolution is null)),
  constraint chk_dead_letters_consent check (
    payload is null
    or not (payload -> 'record' -> 'location' ?| array['lat', 'lng'])
    or coalesce(payload -> 'record' -> 'location' -> 'allowPrecise' = 'true', false)
  ),
  constraint chk_dead_letters_geohash check (
    length(payload -> 'record' -> 'location' ->> 'coarseGeohash') <= 6
  )
);

-- The open letters of a record that got a newer revision.
create index idx_dead_letters_open_key on dead_letters (did, collection, rkey)
  where resolved_at is null;
-- The letters that are due.
create index idx_dead_letters_due on dead_letters (next_attempt_at)
  where resolved_at is null and next_attempt_at is not null;

create table indexer_state (
  consumer text collate "C" primary key,
  -- Sequence number of the instance that issued it, or Unix microseconds from 10^15 on.
  cursor bigint not null default 0,
  -- When that instance saw the event at the cursor: what another instance can be asked for.
  cursor_time timestamptz,
  -- The instance that issued the cursor.
  source text,
  epoch bigint not null default 0,
  holder text,
  -- The newest batch: tells a commit whose answer was lost from one that failed.
  batch text,
  last_updated timestamptz not null default now()
);
