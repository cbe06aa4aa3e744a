-- Each index is named with the read that it serves. All are partial on rows that the read can return.

-- A person's own scenes.
create index idx_scenes_owner on scenes (owner_did) where deleted_at is null;
-- Scenes near a place, without consent: cells with a common prefix.
create index idx_scenes_geohash on scenes (coarse_geohash text_pattern_ops) where deleted_at is null;
-- Scenes in the part of the map that is shown.
create index idx_scenes_display_point on scenes using gist (display_point) where deleted_at is null;
-- Scenes within a distance, among those that agreed to be found exactly.
create index idx_scenes_precise_point on scenes using gist (precise_point)
  where deleted_at is null and allow_precise;
-- Scenes with all of some tags.
create index idx_scenes_tags on scenes using gin (tags) where deleted_at is null;
-- Search in scenes.
create index idx_scenes_search on scenes using gin (search) where deleted_at is null;
-- Scenes of a signed-in user, and of a payment account: set by the app alone.
create index idx_scenes_owner_user on scenes (owner_user_id) where owner_user_id is not null;
create index idx_scenes_connected_account on scenes (connected_account_id)
  where connected_account_id is not null;
-- What a bare rkey can mean (the indexer itself).
create index idx_scenes_rkey on scenes (record_rkey) where indexer_live;

-- Events of a scene, in order of time; and hiding a scene's events (the indexer itself).
create index idx_events_scene on events (scene_id, starts_at) where deleted_at is null;
-- Upcoming events.
create index idx_events_starts_at on events (starts_at)
  where deleted_at is null and cancelled_at is null;
-- Events near a place, and on the map.
create index idx_events_geohash on events (coarse_geohash text_pattern_ops) where deleted_at is null;
create index idx_events_display_point on events using gist (display_point)
  where deleted_at is null and cancelled_at is null;
create index idx_events_precise_point on events using gist (precise_point)
  where deleted_at is null and cancelled_at is null and allow_precise;
-- Events with all of some tags.
create index idx_events_tags on events using gin (tags)
  where deleted_at is null and cancelled_at is null;
-- Search in events.
create index idx_events_search on events using gin (search)
  where deleted_at is null and cancelled_at is null;
create index idx_events_stream_session on events (stream_session_id)
  where stream_session_id is not null;
create index idx_events_rkey on events (record_rkey) where indexer_live;

-- The feed of a scene, of an event, of an author, of everything; newest first, in pages.
create index idx_posts_scene_feed on posts (scene_id, created_at desc, id)
  where deleted_at is null and scene_id is not null;
create index idx_posts_event_feed on posts (event_id, created_at desc, id)
  where deleted_at is null and event_id is not null;
create index idx_posts_author on posts (author_did, created_at desc) where deleted_at is null;
create index idx_posts_created_at on posts (created_at desc) where deleted_at is null;
-- Posts that moderators look at; most posts have no label.
create index idx_posts_labels on posts using gin (labels) where labels <> '{}';
-- Search in posts.
create index idx_posts_search on posts using gin (search) where deleted_at is null;

-- Alliances of a scene, both ways (trust graph, lists).
create index idx_alliances_from on alliances (from_scene_id) where deleted_at is null;
create index idx_alliances_to on alliances (to_scene_id) where deleted_at is null;

-- Members of a scene, and scenes of a member, by status.
create index idx_memberships_scene on memberships (scene_id, status) where deleted_at is null;
create index idx_memberships_user on memberships (user_did, status) where deleted_at is null;

-- The stream that is on in a scene, or at an event.
create index idx_stream_sessions_scene on stream_sessions (scene_id)
  where deleted_at is null and scene_id is not null;
create index idx_stream_sessions_event on stream_sessions (event_id)
  where deleted_at is null and event_id is not null;
create index idx_stream_sessions_host on stream_sessions (host_did) where deleted_at is null;
