-- A row that is not in force belongs to no scene: whoever asks for the row of a scene and a member, in no order
-- and live or not, is given the one that is in force or none. What the record names stays in `record_scene_id`.
-- By a column and not by another table: the row of a record is found by its key, whatever its state.

-- A table whose rows are still to be checked, as after the update of 0007, can't be altered.
set constraints all immediate;

alter table memberships
  add column record_scene_id uuid,
  alter column scene_id drop not null;

-- Rows that no record made are the app's own.
create or replace function membership_status() returns trigger language plpgsql
  set search_path from current
as $$
begin
  if not new.in_force and new.deleted_at is null then
    new.deleted_at := pg_catalog.now();
    new.moderated_at := null;
  end if;
  if new.deleted_at is not null then
    new.status := 'rejected';
  elsif tg_op = 'UPDATE' and old.deleted_at is not null then
    new.status := coalesce(new.record_status, new.status);
  end if;
  if new.record_did is not null then
    if tg_op = 'INSERT' then
      new.record_scene_id := coalesce(new.record_scene_id, new.scene_id);
    end if;
    new.scene_id := case when new.in_force then new.record_scene_id end;
  end if;
  return new;
end $$;

create or replace function put_in_force(scenes uuid[], users text[]) returns void language sql
  set search_path from current
  -- The statistics of a table that is being filled are those of a small one.
  set enable_seqscan = off
as $$
  with pairs as (
    select distinct scene_id, user_did from unnest(scenes, users) as p (scene_id, user_did)
  ), newest as (
    select m.id, true as in_force from pairs as p, lateral (
      select t.id from memberships as t
      where t.record_scene_id = p.scene_id and t.user_did = p.user_did and t.indexer_live
      order by t.record_did = t.user_did, t.record_rev desc, t.record_rkey desc limit 1) as m
  ), others as (
    select m.id, false from pairs as p, lateral (
      select t.id from memberships as t
      where t.record_scene_id = p.scene_id and t.user_did = p.user_did and t.in_force) as m
    where m.id not in (select id from newest)
  )
  update memberships as m set
    in_force = c.in_force,
    moderated_at = case
      when m.in_force and m.indexer_live then coalesce(m.moderated_at, m.deleted_at)
      else m.moderated_at
    end,
    deleted_at = case when c.in_force then m.moderated_at else coalesce(m.deleted_at, now()) end
  from (table newest union all table others) as c
  where m.id = c.id and m.in_force <> c.in_force
$$;

create or replace function memberships_changed() returns trigger language plpgsql
  set search_path from current
as $$
begin
  perform put_in_force(pg_catalog.array_agg(record_scene_id), pg_catalog.array_agg(user_did::text))
    from changed having pg_catalog.count(*) > 0;
  if tg_op = 'UPDATE' then
    perform put_in_force(pg_catalog.array_agg(record_scene_id), pg_catalog.array_agg(user_did::text))
      from former having pg_catalog.count(*) > 0;
  end if;
  return null;
end $$;

drop trigger membership_status on memberships;
create trigger membership_status before insert or update on memberships
  for each row execute function membership_status();

drop index idx_memberships_pair, idx_memberships_newest, idx_memberships_request, idx_memberships_moderated;
-- Whether somebody is a member of a scene.
create index idx_memberships_pair on memberships (scene_id, user_did);
-- The records of a scene and a member, and all of a scene when it changes (the indexer itself).
create index idx_memberships_records on memberships (record_scene_id, user_did);
-- Of those that ask or decide, the one that counts.
create index idx_memberships_newest on memberships
  (record_scene_id, user_did, (record_did = user_did), record_rev desc) where indexer_live;
-- A member's request for a scene, when its owner's decision is judged (the indexer itself).
create index idx_memberships_request on memberships (record_did, record_scene_id) where indexer_live;

update memberships set record_scene_id = scene_id where record_did is not null;
alter table memberships add foreign key (record_scene_id) references scenes
  on delete cascade deferrable initially deferred;
set constraints all deferred;

comment on column memberships.scene_id is
  'The scene of a row in force. Null in every other row, so that a scene and a member have one row at most.';
comment on column memberships.record_scene_id is
  'The scene that the record names, also while its row is not in force. Field sceneId. Null for a row that no record made.';
comment on column memberships.in_force is
  'Whether this row is the one that counts of its scene and member: the owner''s newest decision, else the newest request.';
