-- Comments of columns in plain words: each names its subject and says what a null means.
do $$
declare
  relation text;
begin
  foreach relation in array '{scenes,events,posts,alliances,memberships,stream_sessions,
    public_scenes,public_events,public_posts,public_alliances,public_stream_sessions}'::text[]
  loop
    execute pg_catalog.format('comment on column %I.id is %L', relation,
      'Derived from DID, collection and key of the record. The same in every database that this program fills, also after the record was deleted and published again.');
    execute pg_catalog.format('comment on column %I.record_did is %L', relation,
      'Repository that holds the record. With record_rkey it identifies the row, as id does.');
    execute pg_catalog.format('comment on column %I.created_at is %L', relation,
      'When the record was created: the earliest creation time in any of its revisions.');
    if relation like 'public%' then
      execute pg_catalog.format('comment on column %I.handle is %L', relation,
        'Handle of the account that the row belongs to, for example alice.example. Null: not known.');
    else
      execute pg_catalog.format('comment on column %I.deleted_at is %L', relation,
        'Null exactly when the row is live. Otherwise when it stopped being live: record deleted, account not active, parent not live, or hidden by an operator.');
      execute pg_catalog.format('comment on column %I.moderated_at is %L', relation,
        'When an operator hid the row. New revisions do not show the row again; clearing deleted_at does.');
      execute pg_catalog.format('comment on column %I.indexer_live is %L', relation,
        'Whether the record itself is live. True although deleted_at is set: an operator hid the row.');
      execute pg_catalog.format('comment on column %I.record_rev is %L', relation,
        'Revision of the record that the row shows: a TID, which sorts by time.');
    end if;
  end loop;
  foreach relation in array '{events,public_events}'::text[] loop
    execute pg_catalog.format('comment on column %I.cancelled_at is %L', relation,
      'When the revision with the status cancelled was published. Null for any other status.');
    execute pg_catalog.format('comment on column %I.cancellation_reason is %L', relation,
      'Written only by the app.');
  end loop;
  foreach relation in array '{alliances,public_alliances}'::text[] loop
    execute pg_catalog.format('comment on column %I.from_scene_id is %L', relation,
      'The scene that vouches. The author of the record owns it. Field fromSceneId.');
    execute pg_catalog.format('comment on column %I.to_scene_id is %L', relation,
      'The scene that it vouches for, of any owner. Field toSceneId.');
    execute pg_catalog.format('comment on column %I.since is %L', relation,
      'Field since. If it is absent: the creation time of the record.');
  end loop;
  foreach relation in array '{stream_sessions,public_stream_sessions}'::text[] loop
    execute pg_catalog.format('comment on column %I.room_name is %L', relation,
      'Room of the media server. Not unique: two hosts can use the same name. Field roomName.');
    execute pg_catalog.format('comment on column %I.started_at is %L', relation,
      'Field startedAt. If it is absent: the creation time of the record.');
    execute pg_catalog.format('comment on column %I.active_participant_count is %L', relation,
      'Current participants. Written by the media server, never from a record.');
  end loop;
end
$$;

comment on column public_scenes.uri is
  'AT-URI of the record: at://DID/app.subcult.scene/KEY. Null for a row that was not made from a record.';
comment on column public_events.uri is
  'AT-URI of the record: at://DID/app.subcult.event/KEY. Null for a row that was not made from a record.';
comment on column public_posts.uri is
  'AT-URI of the record: at://DID/app.subcult.post/KEY. Null for a row that was not made from a record.';
comment on column public_alliances.uri is
  'AT-URI of the record: at://DID/app.subcult.alliance/KEY. Null for a row that was not made from a record.';
comment on column public_stream_sessions.uri is
  'AT-URI of the record: at://DID/app.subcult.stream/KEY. Null for a row that was not made from a record.';
comment on table scenes is
  'Scenes, from records of app.subcult.scene. The rows of all other product tables belong to one, directly or through an event.';
comment on column scenes.owner_user_id is
  'User of the app. Written only by the app.';
comment on column scenes.connected_account_id is
  'Payment account. Written only by the app.';
comment on table events is
  'Events, from records of app.subcult.event. An event belongs to a scene of the same owner, and is visible to those who may see that scene.';
comment on column events.stream_session_id is
  'Session of the event. Written only by the app. Sessions from the stream name their event in stream_sessions.event_id.';
comment on table posts is
  'Posts, from records of app.subcult.post, by any account, in a scene, at an event, or both.';
comment on view public_posts is
  'Live posts without the labels hidden, nsfw, spam and flagged. Their scene and their event, if set, are live, and the scenes of both are public.';
comment on table alliances is
  'Alliances, from records of app.subcult.alliance: the owner of one scene vouches for another scene.';
comment on table memberships is
  'Memberships, from records of app.subcult.membership: requests of members and decisions of scene owners. For each scene and member at most one row is live: the one in force.';
comment on column memberships.scene_id is
  'The scene, if the row is in force. Null in all other rows, so a scene and a member have at most one row with a scene_id.';
comment on column memberships.since is
  'Field since. If it is absent: the creation time of the record.';
comment on column memberships.status is
  'pending, active or rejected. Always rejected while the row is not live, so that a query without deleted_at gives no access.';
comment on column memberships.trust_weight is
  'Weight of the member in the trust graph, from 0 to 1. The owner''s decision sets it; otherwise 0.5. Field trustWeight.';
comment on column memberships.in_force is
  'Whether this row is the one that counts for its scene and member: the owner''s newest decision, otherwise the newest request.';
comment on column memberships.record_status is
  'Status in the record, also while the row is not live. Always pending for a request. Field status.';
comment on column memberships.record_scene_id is
  'The scene that the record names, also while the row is not in force. Field sceneId. Null for a row that was not made from a record.';
comment on table stream_sessions is
  'Live sessions, from records of app.subcult.stream, of a scene or an event that the host owns.';
comment on column stream_sessions.ended_at is
  'Field endedAt. Null while the session is live.';
comment on column public_stream_sessions.ended_at is
  'When the session ended. Null while it is live.';
comment on column accounts.did is
  'DID of the account.';
comment on column accounts.handle is
  'Handle of the account, for example alice.example, by the newest identity event. Null: not known, or not valid.';
comment on column accounts.known_since is
  'Time of the first stored record of the account. Null: no record is stored.';
comment on column accounts.purged_until is
  'Records up to this time are deleted for good: the account was deleted, or its repository rebuilt.';
comment on table dead_letters is
  'Rejected revisions and undecodable messages, with the reason. A dead letter closes when its author publishes a valid revision, a retry succeeds, or an operator discards it.';
comment on column dead_letters.reason is
  'Why it was rejected: a code of the closed list.';
comment on column dead_letters.detail is
  'Which field is invalid, and what was expected. Never contains the value.';
comment on column dead_letters.rev is
  'Revision that was rejected, or null.';
comment on column dead_letters.created_at is
  'When it was first rejected.';
comment on table indexer_state is
  'Where each consumer resumes, and which instance may write.';
comment on column indexer_state.cursor is
  'Where to resume: a number that the instance in source issued, or Unix microseconds from 10^15 on. Stored in the transaction of its events.';
comment on column indexer_state.cursor_time is
  'When that Jetstream instance received the event at the cursor.';
comment on column indexer_state.batch is
  'Newest committed batch. After a lost connection it shows whether the commit succeeded.';
comment on column indexer_state.partition is
  'Number of the partition, from 0.';
comment on column indexer_state.lease_until is
  'When the right of the holder to write ends, unless it renews it, by the clock of the database.';
comment on column indexer_state.lease_ms is
  'How long the lease lasts without renewal, in milliseconds.';
comment on column indexer_state.cursor_mark is
  'Time and name of the event at the cursor. Shows whether a Jetstream instance still has the same numbering. Null: not known.';
comment on column instances.holder is
  'Id of the instance, random for each process.';
comment on column instances.seen_at is
  'When the instance last reported itself. After LEASE_MS without a report it counts as gone.';
comment on table mailbox is
  'Notes from one partition to another about records that changed, so that the records that refer to them are judged again. Empty once all are read.';
comment on column mailbox.id is
  'Number of the note. The order of numbers is not the order of commits.';
comment on table mappings is
  'The version of the mapping with which all records of a collection were mapped. The command reindex maps them again.';
comment on column mappings.reindexing is
  'The same, of a reindex that has not ended. Null: there is none.';
comment on column mappings.after_did is
  'Account of the last record that the reindex mapped.';
comment on column mappings.after_rkey is
  'Key of the last record that the reindex mapped.';
comment on table partitioning is
  'Number of partitions that the accounts are divided into. No row: one. Only the command partitions changes it.';
comment on column reconciles.failure is
  'Why the last attempt failed, as a code. Null: it did not fail.';
comment on column reconciles.put is
  'Records that the index lacked or had in an older revision, and that were written.';
comment on column reconciles.deleted is
  'Records that the index had and the source did not, and that were deleted.';
comment on column records.loose_references is
  'Bare references to keys that the author''s own repository never had, as collection/rkey. Their target can change.';
comment on column records.rev is
  'Newest revision that was received: a TID, which sorts by time.';
