-- Repositories that are to be compared with their source, and what came of it the last time.
create table reconciles (
  did text collate "C" primary key,
  -- Why it was asked for the last time.
  reason text not null,
  requested_at timestamptz not null default clock_timestamp(),
  -- When it is due. Null: there is nothing to do.
  next_attempt_at timestamptz default clock_timestamp(),
  -- Attempts that failed in a row.
  attempts integer not null default 0,
  -- Why the last attempt failed, as a code and as a sentence. Null: it did not.
  failure text,
  detail text,
  -- Of the last one that did not fail: the server, the revision, whether the signature was verified, and how
  -- many records there were, were put and were deleted.
  finished_at timestamptz,
  host text,
  rev text collate "C",
  verified boolean,
  records integer,
  put integer,
  deleted integer
);
create index idx_reconciles_due on reconciles (next_attempt_at) where next_attempt_at is not null;
