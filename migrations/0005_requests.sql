-- A member's request for a scene, when its owner's decision is judged (the indexer itself).
create index idx_memberships_request on memberships (record_did, scene_id) where indexer_live;
