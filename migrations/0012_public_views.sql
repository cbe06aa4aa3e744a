-- What anybody may see, and nothing else: DATA.md. A view is safe to read by itself, whatever a reader forgets to ask.
--
-- None is a security barrier: behind one, Postgres evaluates a box on a map, tags and words of a search only after the
-- view's own conditions, row by row, without their indexes. So the views are for a reader that sends the app's SQL.
-- Whoever may send SQL of their own can make a function or a cast report a row before the view drops it: DATA.md has
-- the statement that closes this, at the price of those indexes. No view reads `precise_point`, so none can tell it.

create view public_scenes as
select s.id,
  'at://' || s.record_did || '/app.subcult.scene/' || s.record_rkey as uri, s.record_did, s.record_rkey,
  s.owner_did, a.handle,
  s.name, s.description, s.tags, s.palette,
  s.allow_precise, s.coarse_geohash, s.display_point,
  s.created_at, s.updated_at, s.search
from scenes as s
  left join accounts as a on a.did = s.owner_did
where s.deleted_at is null and s.visibility = 'public';

create view public_events as
select e.id,
  'at://' || e.record_did || '/app.subcult.event/' || e.record_rkey as uri, e.record_did, e.record_rkey,
  e.scene_id, s.owner_did, a.handle,
  e.title, e.description, e.tags, e.status, e.starts_at, e.ends_at, e.cancelled_at, e.cancellation_reason,
  e.allow_precise, e.coarse_geohash, e.display_point,
  e.created_at, e.updated_at, e.search
from events as e
  join scenes as s on s.id = e.scene_id
  left join accounts as a on a.did = s.owner_did
where e.deleted_at is null and s.deleted_at is null and s.visibility = 'public';

-- In a scene, at an event, or both: everything that the post names must be for everybody.
create view public_posts as
select p.id,
  'at://' || p.record_did || '/app.subcult.post/' || p.record_rkey as uri, p.record_did, p.record_rkey,
  p.scene_id, p.event_id, p.author_did, a.handle,
  p.text, p.attachments, p.labels,
  p.created_at, p.updated_at, p.search
from posts as p
  left join scenes as s on s.id = p.scene_id
  left join events as e on e.id = p.event_id
  left join scenes as v on v.id = e.scene_id
  left join accounts as a on a.did = p.author_did
where p.deleted_at is null
  and not p.labels && '{hidden,nsfw,spam,flagged}'
  and (p.scene_id is null or s.deleted_at is null and s.visibility = 'public')
  and (p.event_id is null or e.deleted_at is null and v.deleted_at is null and v.visibility = 'public');

-- In force only: one that was declined or ended is its scenes' own business.
create view public_alliances as
select l.id,
  'at://' || l.record_did || '/app.subcult.alliance/' || l.record_rkey as uri, l.record_did, l.record_rkey,
  l.from_scene_id, l.to_scene_id, f.owner_did, a.handle,
  l.weight, l.reason, l.since,
  l.created_at, l.updated_at
from alliances as l
  join scenes as f on f.id = l.from_scene_id
  join scenes as t on t.id = l.to_scene_id
  left join accounts as a on a.did = f.owner_did
where l.deleted_at is null and l.status = 'active'
  and f.deleted_at is null and f.visibility = 'public'
  and t.deleted_at is null and t.visibility = 'public';

create view public_stream_sessions as
select m.id,
  'at://' || m.record_did || '/app.subcult.stream/' || m.record_rkey as uri, m.record_did, m.record_rkey,
  m.scene_id, m.event_id, m.host_did, a.handle,
  m.room_name, m.started_at, m.ended_at, m.is_locked, m.featured_participant, m.active_participant_count,
  m.created_at, m.updated_at
from stream_sessions as m
  left join events as e on e.id = m.event_id
  join scenes as s on s.id = coalesce(m.scene_id, e.scene_id)
  left join accounts as a on a.did = m.host_did
where m.deleted_at is null
  and (m.event_id is null or e.deleted_at is null)
  and s.deleted_at is null and s.visibility = 'public';

-- These served only reads that leave cancelled events out. The views show them too, as cancelled.
drop index idx_events_starts_at, idx_events_map, idx_events_tags, idx_events_search;
create index idx_events_starts_at on events (starts_at) where deleted_at is null;
create index idx_events_map on events using gist ((display_point::geometry))
  where deleted_at is null and display_point is not null;
create index idx_events_tags on events using gin (tags) where deleted_at is null;
create index idx_events_search on events using gin (search) where deleted_at is null;
