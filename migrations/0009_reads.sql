-- What the reads of the app need (READING.md), and a search that doesn't depend on accents.

-- Posts with a label, in the app's own words: `labels @> '{spam}'` does not say that labels are not empty.
drop index idx_posts_labels;
create index idx_posts_labels on posts using gin (labels);

-- A box on a map is one of longitudes and latitudes: on `geography` its sides would be great circles.
create index idx_scenes_map on scenes using gist ((display_point::geometry))
  where deleted_at is null and display_point is not null;
create index idx_events_map on events using gist ((display_point::geometry))
  where deleted_at is null and cancelled_at is null and display_point is not null;

-- The newest public scenes.
create index idx_scenes_newest on scenes (created_at desc, id)
  where deleted_at is null and visibility = 'public';
-- Events that are on, or were.
create index idx_events_status on events (status, starts_at)
  where deleted_at is null and cancelled_at is null;

-- The session of a room, and those on air: of a scene, of an event, all. Two hosts can name one room.
create index idx_stream_sessions_room on stream_sessions (room_name) where deleted_at is null;
create index idx_stream_sessions_on_air on stream_sessions (started_at desc)
  where deleted_at is null and ended_at is null;
create index idx_stream_sessions_on_air_scene on stream_sessions (scene_id)
  where deleted_at is null and ended_at is null;
create index idx_stream_sessions_on_air_event on stream_sessions (event_id)
  where deleted_at is null and ended_at is null;

-- A text without accents: `Café` as `cafe`. What doesn't decompose is written out. Composed again at the end,
-- so that the syllables of Korean stay whole.
create function without_accents(written text) returns text
  language sql immutable strict parallel safe
  return normalize(
    regexp_replace(
      normalize(
        replace(replace(replace(
          translate(written, 'øØłŁđĐðÐħĦıŧŦ', 'oOlLdDdDhHitT'),
          'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
        nfd),
      '[\u0300-\u036f]', '', 'g'),
    nfc);

-- The words of a text, and where it has other letters than ASCII its words without accents as well.
create function search_words(written text) returns tsvector
  language sql immutable strict parallel safe
  return to_tsvector(
    'english'::regconfig,
    case when octet_length(written) = length(written) then written
      else written || ' ' || without_accents(written) end);

alter table scenes drop column search, add column search tsvector generated always as (
  search_words(name || ' ' || coalesce(description, '') || ' ' || tags_text(tags))) stored;
alter table events drop column search, add column search tsvector generated always as (
  search_words(title || ' ' || coalesce(description, '') || ' ' || tags_text(tags))) stored;
alter table posts drop column search, add column search tsvector generated always as (
  search_words(text)) stored;

create index idx_scenes_search on scenes using gin (search) where deleted_at is null;
create index idx_events_search on events using gin (search)
  where deleted_at is null and cancelled_at is null;
create index idx_posts_search on posts using gin (search) where deleted_at is null;

-- A coarse geohash may stand beside `location` too. Not valid: rows of before have none there.
alter table records add constraint chk_records_geohash_beside check (
  collection not in ('app.subcult.scene', 'app.subcult.event')
  or coalesce(length(nullif(record ->> 'coarseGeohash', '[place removed]')) <= 6, true)
) not valid;
alter table dead_letters add constraint chk_dead_letters_geohash_beside check (
  collection not in ('app.subcult.scene', 'app.subcult.event')
  or coalesce(length(nullif(payload -> 'record' ->> 'coarseGeohash', '[place removed]')) <= 6, true)
) not valid;
