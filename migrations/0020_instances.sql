-- Who shares the partitions of a consumer. An instance that was not seen for the time of a lease is gone.
create table instances (
  consumer text collate "C" not null,
  holder text collate "C" not null,
  seen_at timestamptz not null,
  -- It holds fewer partitions than its share.
  wants boolean not null,
  primary key (consumer, holder)
);

comment on table instances is
  'Instances that share the partitions of a consumer. Empty where the DIDs are in one partition.';
comment on column instances.consumer is 'CONSUMER_NAME of the instance.';
comment on column instances.holder is 'What the instance calls itself: random for each process.';
comment on column instances.seen_at is 'When it was seen last. One that was not seen for LEASE_MS is gone.';
comment on column instances.wants is 'Whether it holds fewer partitions than its share.';

-- As of 0019, and in a transaction of one partition as of 0018: it changes rows of its own repositories alone.
create or replace function put_in_force(scenes uuid[], users text[]) returns void language plpgsql
  set search_path from current
  set enable_seqscan = off
as $$
declare
  raised uuid[];
  lowered uuid[];
  share constant text := nullif(pg_catalog.current_setting('jetstream_indexer.share', true), '');
  own constant integer := pg_catalog.split_part(share, '/', 1);
  parts constant integer := pg_catalog.split_part(share, '/', 2);
begin
  with pairs as (
    select distinct scene_id, user_did from rows from (pg_catalog.unnest(scenes), pg_catalog.unnest(users)) as p (scene_id, user_did)
  )
  select pg_catalog.array_agg(k.id) filter (where k.is_newest),
      pg_catalog.array_agg(k.id) filter (where not k.is_newest)
    into raised, lowered
    from pairs as p left join lateral (
      select t.id, t.in_force from memberships as t
      where t.record_scene_id = p.scene_id and t.user_did::text = p.user_did and t.indexer_live
      order by t.record_did::text = t.user_did::text, t.record_rev desc, t.record_rkey desc limit 1
    ) as newest on true, lateral (
      select newest.id, true as is_newest where not newest.in_force
      union all
      (select t.id, false from memberships as t
        where t.record_scene_id = p.scene_id and t.user_did::text = p.user_did and t.in_force
          and t.id is distinct from newest.id
        offset 0)
    ) as k;
  if raised is null and lowered is null then
    return;
  end if;
  raised := coalesce(raised, '{}');
  update memberships as m set
    in_force = m.id = any (raised),
    moderated_at = case
      when m.in_force and m.indexer_live then coalesce(m.moderated_at, m.deleted_at)
      else m.moderated_at
    end,
    deleted_at = case
      when m.id = any (raised) then m.moderated_at
      else coalesce(m.deleted_at, pg_catalog.now())
    end
  where m.id = any (raised || lowered) and m.in_force <> (m.id = any (raised))
    and (share is null or partition_of(m.record_did::text, parts) = own);
end $$;
