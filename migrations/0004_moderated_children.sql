-- Rows that an operator hid although their records are live: when a parent of theirs goes, they go with
-- it (the indexer itself). There are few of them, so one index serves every reference of a table.
create index idx_events_moderated on events (scene_id)
  where deleted_at is not null and indexer_live;
create index idx_posts_moderated on posts (scene_id, event_id)
  where deleted_at is not null and indexer_live;
create index idx_alliances_moderated on alliances (from_scene_id, to_scene_id)
  where deleted_at is not null and indexer_live;
create index idx_memberships_moderated on memberships (scene_id)
  where deleted_at is not null and indexer_live;
create index idx_stream_sessions_moderated on stream_sessions (scene_id, event_id)
  where deleted_at is not null and indexer_live;
