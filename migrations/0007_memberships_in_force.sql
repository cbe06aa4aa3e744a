-- For each scene and member at most one live row, which says what is in force: the newest decision of the
-- scene's owner that counts, else the newest request. Whether a record asks or decides (`indexer_live`) and
-- whether its row is shown (`in_force`) are two facts: records are judged by the first alone. All decisions on
-- one scene come from one repository, and so do all requests of one member, so their revisions compare.
--
-- By triggers and not by a unique constraint: whoever writes the table, in whatever order, finds it right.

alter table memberships
  add column in_force boolean not null default true,
  -- What the record says. `status` says it only while the row is live.
  add column record_status varchar(50);

-- The rows of a scene and a member, the one in force first: also for readers that ignore `deleted_at`.
create index idx_memberships_pair on memberships (scene_id, user_did, in_force desc);
-- Of those that ask or decide, the one that counts.
create index idx_memberships_newest on memberships
  (scene_id, user_did, (record_did = user_did), record_rev desc) where indexer_live;

-- A row that is not live gives no access and is in no list, also for readers that ignore `deleted_at`.
create function membership_status() returns trigger language plpgsql as $$
begin
  if not new.in_force and new.deleted_at is null then
    new.deleted_at := now();
    new.moderated_at := null;
  end if;
  if new.deleted_at is not null then
    new.status := 'rejected';
  elsif old.deleted_at is not null then
    new.status := coalesce(new.record_status, new.status);
  end if;
  return new;
end $$;

-- Lets one row of each pair be in force. What an operator hid stays so, whichever row that is.
create function put_in_force(scenes uuid[], users text[]) returns void language sql
  set search_path from current
  -- The statistics of a table that is being filled are those of a small one.
  set enable_seqscan = off
as $$
  with pairs as (
    select distinct scene_id, user_did from unnest(scenes, users) as p (scene_id, user_did)
  ), newest as (
    select m.id, true as in_force from pairs as p, lateral (
      select t.id from memberships as t
      where t.scene_id = p.scene_id and t.user_did = p.user_did and t.indexer_live
        and t.record_did is not null
      order by t.record_did = t.user_did, t.record_rev desc, t.record_rkey desc limit 1) as m
  ), others as (
    select m.id, false from pairs as p, lateral (
      select t.id from memberships as t
      where t.scene_id = p.scene_id and t.user_did = p.user_did and t.in_force
        and t.record_did is not null) as m
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

create function memberships_changed() returns trigger language plpgsql
  set search_path from current
as $$
begin
  perform put_in_force(array_agg(scene_id), array_agg(user_did::text)) from changed having count(*) > 0;
  if tg_op = 'UPDATE' then
    perform put_in_force(array_agg(scene_id), array_agg(user_did::text)) from former having count(*) > 0;
  end if;
  return null;
end $$;

create trigger memberships_inserted after insert on memberships
  referencing new table as changed for each statement execute function memberships_changed();
create trigger memberships_updated after update on memberships
  referencing old table as former new table as changed
  for each statement execute function memberships_changed();
create trigger memberships_deleted after delete on memberships
  referencing old table as changed for each statement execute function memberships_changed();
create trigger membership_status before update on memberships
  for each row execute function membership_status();

-- The rows that there are: each is judged as if it were written now.
update memberships set record_status = status;
