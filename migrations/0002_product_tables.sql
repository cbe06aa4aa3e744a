-- The tables that the app reads. `id` is derived from the record's key, so references need no
-- look-up and a rebuilt index has the same ids. A row is live exactly when `deleted_at` is null.
--
-- Three columns belong to moderation. `indexer_live` is what the indexer last made of the row: a row
-- that is deleted although it is live there was hidden by an operator. `moderated_at` keeps that
-- over the author's updates until the operator clears `deleted_at`.
--
-- Foreign keys are deferred: a batch writes its tables in any order.

-- Joins tags for full-text search; array_to_string is only stable for lack of knowing its element type.
create function tags_text(tags text[]) returns text
  language sql immutable parallel safe
  return array_to_string(tags, ' ');

create table scenes (
  id uuid primary key,
  name varchar(255) not null,
  description text,
  owner_did varchar(2048) collate "C" not null,
  allow_precise boolean not null default false,
  precise_point geography(point, 4326),
  coarse_geohash varchar(20),
  display_point geography(point, 4326),
  tags text[] not null default '{}',
  visibility text not null default 'public',
  palette jsonb not null default '{}',
  owner_user_id uuid,
  connected_account_id varchar(255),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  search tsvector generated always as (
    to_tsvector('english'::regconfig, name || ' ' || coalesce(description, '') || ' ' || tags_text(tags))
  ) stored,
  constraint chk_precise_consent check (allow_precise or precise_point is null),
  constraint chk_scene_geohash check (length(coarse_geohash) <= 6),
  -- What is hidden or deleted holds no place.
  constraint chk_scene_hidden check (
    indexer_live or num_nonnulls(precise_point, coarse_geohash, display_point) = 0
  ),
  constraint chk_scene_visibility check (visibility in ('public', 'private', 'unlisted'))
);
create unique index idx_scenes_record_key on scenes (record_did, record_rkey);

create table events (
  id uuid primary key,
  scene_id uuid not null references scenes on delete cascade deferrable initially deferred,
  title varchar(255) not null,
  description text,
  allow_precise boolean not null default false,
  precise_point geography(point, 4326),
  coarse_geohash varchar(20),
  display_point geography(point, 4326),
  tags text[] not null default '{}',
  status text not null default 'scheduled',
  starts_at timestamptz not null,
  ends_at timestamptz,
  cancelled_at timestamptz,
  cancellation_reason text,
  stream_session_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  search tsvector generated always as (
    to_tsvector('english'::regconfig, title || ' ' || coalesce(description, '') || ' ' || tags_text(tags))
  ) stored,
  constraint chk_event_precise_consent check (allow_precise or precise_point is null),
  constraint chk_event_geohash check (length(coarse_geohash) <= 6),
  -- What is hidden or deleted holds no place.
  constraint chk_event_hidden check (
    indexer_live or num_nonnulls(precise_point, coarse_geohash, display_point) = 0
  ),
  constraint chk_event_status check (status in ('scheduled', 'live', 'ended', 'cancelled')),
  constraint chk_event_time check (ends_at is null or starts_at < ends_at)
);
create unique index idx_events_record_key on events (record_did, record_rkey);

create table posts (
  id uuid primary key,
  scene_id uuid references scenes on delete cascade deferrable initially deferred,
  event_id uuid references events on delete cascade deferrable initially deferred,
  author_did varchar(2048) collate "C" not null,
  text text not null,
  attachments jsonb not null default '[]',
  -- The author's labels and those that a moderator added.
  labels text[] not null default '{}',
  author_labels text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  search tsvector generated always as (to_tsvector('english'::regconfig, text)) stored,
  constraint chk_post_association check (scene_id is not null or event_id is not null)
);
create unique index idx_posts_record_key on posts (record_did, record_rkey);

create table alliances (
  id uuid primary key,
  from_scene_id uuid not null references scenes on delete cascade deferrable initially deferred,
  to_scene_id uuid not null references scenes on delete cascade deferrable initially deferred,
  weight float8 not null default 1.0,
  status varchar(50) not null default 'active',
  reason text,
  since timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  constraint chk_alliance_weight check (weight between 0 and 1),
  constraint chk_no_self_alliance check (from_scene_id <> to_scene_id),
  constraint chk_alliance_status check (status in ('pending', 'active', 'rejected', 'dissolved'))
);
create unique index idx_alliances_record_key on alliances (record_did, record_rkey);

create table memberships (
  id uuid primary key,
  scene_id uuid not null references scenes on delete cascade deferrable initially deferred,
  user_did varchar(2048) collate "C" not null,
  role varchar(50) not null default 'member',
  status varchar(50) not null default 'pending',
  trust_weight float8 default 0.5,
  since timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  constraint chk_membership_trust_weight check (trust_weight between 0 and 1),
  constraint chk_membership_role check (role in ('owner', 'curator', 'member', 'guest')),
  constraint chk_membership_status check (status in ('pending', 'active', 'rejected'))
);
create unique index idx_memberships_record_key on memberships (record_did, record_rkey);

create table stream_sessions (
  id uuid primary key,
  scene_id uuid references scenes on delete set null deferrable initially deferred,
  event_id uuid references events on delete set null deferrable initially deferred,
  room_name varchar(255) not null,
  host_did varchar(2048) collate "C" not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  is_locked boolean not null default false,
  featured_participant varchar(255),
  -- Counted by the media server, never taken from a record.
  participant_count integer not null default 0,
  active_participant_count integer not null default 0,
  join_count integer not null default 0,
  leave_count integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  moderated_at timestamptz,
  indexer_live boolean not null default true,
  record_did varchar(2048) collate "C",
  record_rkey varchar(512) collate "C",
  record_rev varchar(255) collate "C",
  constraint chk_stream_time check (ended_at is null or started_at <= ended_at),
  constraint chk_stream_target check (num_nonnulls(scene_id, event_id) <= 1)
);
create unique index idx_stream_sessions_record_key on stream_sessions (record_did, record_rkey);

alter table events add constraint events_stream_session_id_fkey
  foreign key (stream_session_id) references stream_sessions on delete set null;
