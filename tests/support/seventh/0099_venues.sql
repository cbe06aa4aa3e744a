create table venues (
  id uuid primary key,
  scene_id uuid not null references scenes on delete cascade deferrable initially deferred,
  name varchar(255) not null,
  capacity float8,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C"
);
create unique index idx_venues_record_key on venues (record_did, record_rkey);
create index idx_venues_scene on venues (scene_id) where deleted_at is null;
