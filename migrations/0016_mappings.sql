-- With which version of its mapper all records of a collection were mapped, so that `reindex` is asked for
-- when that is another, and how far one has got.
create table mappings (
  collection text collate "C" primary key,
  -- Null: of no version that is known.
  version text,
  -- Of a reindex that has not ended: what it maps with, and the last record that it mapped.
  reindexing text,
  after_did text collate "C",
  after_rkey text collate "C",
  done bigint not null default 0,
  changed bigint not null default 0,
  reindexed_at timestamptz
);

comment on table mappings is
  'With what all records of each collection were mapped. The command reindex maps them again.';
comment on column mappings.collection is 'NSID.';
comment on column mappings.version is
  'Mapping and newest form of its records, as mapping.form. Null: unknown, so a reindex is needed.';
comment on column mappings.reindexing is 'The same, of a reindex that has not ended; else null.';
comment on column mappings.after_did is 'The last record that it mapped: the account.';
comment on column mappings.after_rkey is 'The last record that it mapped: the record key.';
comment on column mappings.done is 'Records that the reindex has mapped.';
comment on column mappings.changed is 'Those of them that stood otherwise.';
comment on column mappings.reindexed_at is 'When the last reindex ended.';

comment on column records.state is
  'applied: has a live row. waiting: for the record in waiting_for. rejected: has a dead letter. deleted. suppressed: its account is not active. unmapped: of a collection that has no table, or of a newer version (newer_version in reason).';
