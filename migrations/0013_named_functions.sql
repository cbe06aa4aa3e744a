-- Functions are named with their schema: another role that may create in ours could make one of the same
-- name that fits the arguments better, and it would run as the indexer.
create or replace function memberships_changed() returns trigger language plpgsql
  set search_path from current
as $$
begin
  perform put_in_force(pg_catalog.array_agg(scene_id), pg_catalog.array_agg(user_did::text))
    from changed having pg_catalog.count(*) > 0;
  if tg_op = 'UPDATE' then
    perform put_in_force(pg_catalog.array_agg(scene_id), pg_catalog.array_agg(user_did::text))
      from former having pg_catalog.count(*) > 0;
  end if;
  return null;
end $$;
