-- Partitions of the DID space: each has its lease, its cursor and its transactions, beside those of the others.

-- Into how many partitions the DIDs are divided. No row: one.
create table partitioning (
  only_row boolean primary key default true check (only_row),
  partitions integer not null check (partitions between 1 and 64)
);

-- The partition of a DID. The same as in lib/repository/partitions/partition.ts.
create function partition_of(did text, partitions integer) returns integer
  language sql immutable strict parallel safe
  return (('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256(pg_catalog.convert_to(did, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint
    % partitions::bigint)::integer;

-- What partitions tell each other: records that started or stopped being live, and scenes with a member whose
-- membership in force is to be chosen again. Plain rows: no unique key but the id, no foreign key, and the id
-- is in no order of commits.
create table mailbox (
  id bigint generated always as identity primary key,
  partition integer not null,
  did text collate "C",
  collection text collate "C",
  rkey text collate "C",
  scene_id uuid,
  user_did text,
  written_at timestamptz not null default clock_timestamp()
);
create index idx_mailbox_partition on mailbox (partition, id);

-- The transaction of one partition of several says which it is in `jetstream_indexer.share`, as 2/4. It changes
-- rows of its own repositories alone. Everybody else, such as an operator, changes all rows of a pair.
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
      order by t.record_did = t.user_did, t.record_rev desc, t.record_rkey desc limit 1
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
    and (share is null or partition_of(m.record_did, parts) = own);
end $$;

-- A decision makes the member's request give way, or lets it count again: where that is in another partition,
-- it is told.
create function tell_partition_of_member(scenes uuid[], users text[], authors text[]) returns void
  language plpgsql
  set search_path from current
as $$
declare
  share constant text := pg_catalog.current_setting('jetstream_indexer.share', true);
  own constant integer := pg_catalog.split_part(share, '/', 1);
  parts constant integer := pg_catalog.split_part(share, '/', 2);
begin
  insert into mailbox (partition, scene_id, user_did)
    select distinct partition_of(d.user_did, parts), d.scene_id, d.user_did
    from rows from (pg_catalog.unnest(scenes), pg_catalog.unnest(users), pg_catalog.unnest(authors))
      as d (scene_id, user_did, author)
    where d.scene_id is not null and d.author <> d.user_did
      and partition_of(d.user_did, parts) <> own;
end $$;

create or replace function memberships_changed() returns trigger language plpgsql
  set search_path from current
as $$
begin
  if tg_op = 'UPDATE' then
    perform put_in_force(pg_catalog.array_agg(record_scene_id), pg_catalog.array_agg(user_did::text))
      from (table changed union all table former) as pairs having pg_catalog.count(*) > 0;
  else
    perform put_in_force(pg_catalog.array_agg(record_scene_id), pg_catalog.array_agg(user_did::text))
      from changed having pg_catalog.count(*) > 0;
  end if;
  if pg_catalog.current_setting('jetstream_indexer.share', true) <> '' then
    if tg_op = 'UPDATE' then
      perform tell_partition_of_member(pg_catalog.array_agg(record_scene_id),
          pg_catalog.array_agg(user_did::text), pg_catalog.array_agg(record_did::text))
        from (table changed union all table former) as pairs having pg_catalog.count(*) > 0;
    else
      perform tell_partition_of_member(pg_catalog.array_agg(record_scene_id),
          pg_catalog.array_agg(user_did::text), pg_catalog.array_agg(record_did::text))
        from changed having pg_catalog.count(*) > 0;
    end if;
  end if;
  return null;
end $$;

comment on table partitioning is
  'Into how many partitions the DIDs are divided. No row: one. Changed by the command partitions alone.';
comment on column partitioning.only_row is 'Always true: there is one row at most.';
comment on column partitioning.partitions is 'Number of partitions.';
comment on table mailbox is
  'Notes from one partition to another: what is to be judged again there. Empty when all is at rest.';
comment on column mailbox.id is 'Number of the note. In no order of commits.';
comment on column mailbox.partition is 'Partition that the note is for.';
comment on column mailbox.did is 'Repository of a record that started or stopped being live, or null.';
comment on column mailbox.collection is 'Collection of that record, or null.';
comment on column mailbox.rkey is 'Key of that record, or null.';
comment on column mailbox.scene_id is 'Scene whose membership in force is to be chosen again, or null.';
comment on column mailbox.user_did is 'Member whose membership in force is to be chosen again, or null.';
comment on column mailbox.written_at is 'When the note was written, by the clock of the database.';
