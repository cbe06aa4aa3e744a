-- Texts of a limited length are compared as texts: for the pair itself another role could make an operator that fits
-- better, and it would run as the indexer.
create or replace function put_in_force(scenes uuid[], users text[]) returns void language plpgsql
  set search_path from current
  set enable_seqscan = off
as $$
declare
  raised uuid[];
  lowered uuid[];
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
  where m.id = any (raised || lowered) and m.in_force <> (m.id = any (raised));
end $$;
