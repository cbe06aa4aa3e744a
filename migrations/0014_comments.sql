-- What each table, view and column means, for whoever looks into the database. DATA.md shows the same words: a test
-- compares the two. A migration that adds a column comments on it too, and writes DATA.md anew.

comment on table scenes is
  'Scenes of app.subcult.scene: the root of everything else.';
comment on column scenes.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column scenes.name is
  'Field name, at most 255 characters.';
comment on column scenes.description is
  'Field description, or null.';
comment on column scenes.owner_did is
  'Account that owns the scene: the repository of the record.';
comment on column scenes.allow_precise is
  'Whether the author agreed to an exact place. Field location.allowPrecise.';
comment on column scenes.precise_point is
  'The exact place, longitude first; null without consent. Not for a map: use display_point.';
comment on column scenes.coarse_geohash is
  'Cell of the place, at most 6 characters, about 0.6 by 1.2 km. Null: no place.';
comment on column scenes.display_point is
  'Where a map may show the row: the exact place, or without consent a fixed point somewhere in the cell. Null: no place.';
comment on column scenes.tags is
  'Field tags; empty when there are none.';
comment on column scenes.visibility is
  'public: for everybody. unlisted: for its owner. private: for its members. Field visibility.';
comment on column scenes.palette is
  'Colours primary, secondary, accent, background and text; an empty object when the record has no palette.';
comment on column scenes.owner_user_id is
  'User of the app; written by the app alone.';
comment on column scenes.connected_account_id is
  'Payment account; written by the app alone.';
comment on column scenes.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column scenes.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column scenes.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column scenes.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column scenes.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column scenes.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column scenes.record_rkey is
  'Key of the record in its collection.';
comment on column scenes.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';
comment on column scenes.search is
  'Words of name, description and tags for full-text search, with and without accents. Not for display.';

comment on table events is
  'Events of app.subcult.event. An event belongs to a scene of the same owner, and is for those who may see that scene.';
comment on column events.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column events.scene_id is
  'The scene. Field sceneId.';
comment on column events.title is
  'Field name, at most 255 characters.';
comment on column events.description is
  'Field description, or null.';
comment on column events.allow_precise is
  'Whether the author agreed to an exact place. Field location.allowPrecise.';
comment on column events.precise_point is
  'The exact place, longitude first; null without consent. Not for a map: use display_point.';
comment on column events.coarse_geohash is
  'Cell of the place, at most 6 characters, about 0.6 by 1.2 km. Null: no place.';
comment on column events.display_point is
  'Where a map may show the row: the exact place, or without consent a fixed point somewhere in the cell. Null: no place.';
comment on column events.tags is
  'Field tags; empty when there are none.';
comment on column events.status is
  'scheduled, live, ended or cancelled, as the author says. Field status.';
comment on column events.starts_at is
  'Field startsAt.';
comment on column events.ends_at is
  'Field endsAt, later than starts_at, or null.';
comment on column events.cancelled_at is
  'When the revision was published that says cancelled; null for every other status.';
comment on column events.cancellation_reason is
  'Written by the app alone.';
comment on column events.stream_session_id is
  'Session of the event; written by the app alone. Sessions of the stream name their event in stream_sessions.event_id.';
comment on column events.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column events.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column events.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column events.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column events.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column events.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column events.record_rkey is
  'Key of the record in its collection.';
comment on column events.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';
comment on column events.search is
  'Words of title, description and tags for full-text search, with and without accents. Not for display.';

comment on table posts is
  'Posts of app.subcult.post, by anybody, in a scene, at an event, or both.';
comment on column posts.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column posts.scene_id is
  'The scene, or null. Field sceneId.';
comment on column posts.event_id is
  'The event, or null. Field eventId. At least one of scene_id and event_id is set.';
comment on column posts.author_did is
  'Account that wrote it: the repository of the record.';
comment on column posts.text is
  'Field text, at most 5,000 characters.';
comment on column posts.attachments is
  'List of at most 6 objects with any of url, key, cid, type, size_bytes, width, height, duration_seconds. Field attachments.';
comment on column posts.labels is
  'Labels of the author and of moderators. hidden: only for the author. nsfw: for those who ask for it. spam, flagged: not in lists and search.';
comment on column posts.author_labels is
  'The labels that the author set. Field labels.';
comment on column posts.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column posts.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column posts.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column posts.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column posts.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column posts.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column posts.record_rkey is
  'Key of the record in its collection.';
comment on column posts.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';
comment on column posts.search is
  'Words of text for full-text search, with and without accents. Not for display.';

comment on table alliances is
  'Alliances of app.subcult.alliance: the owner of one scene vouches for another scene.';
comment on column alliances.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column alliances.from_scene_id is
  'The scene that vouches, of the author. Field fromSceneId.';
comment on column alliances.to_scene_id is
  'The other scene, of anybody. Field toSceneId.';
comment on column alliances.weight is
  'Weight in the trust graph, from 0 to 1; 1 when the record has none. Field weight.';
comment on column alliances.status is
  'pending, active, rejected or dissolved, as the author says. Field status.';
comment on column alliances.reason is
  'Field reason, at most 256 characters, or null.';
comment on column alliances.since is
  'Field since; when the record was made if it has none.';
comment on column alliances.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column alliances.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column alliances.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column alliances.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column alliances.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column alliances.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column alliances.record_rkey is
  'Key of the record in its collection.';
comment on column alliances.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';

comment on table memberships is
  'Memberships of app.subcult.membership: requests of members and decisions of scene owners. Of each scene and member at most one row is live, the one in force.';
comment on column memberships.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column memberships.scene_id is
  'The scene. Field sceneId.';
comment on column memberships.user_did is
  'The member: the author of a request, or the account that a decision names in its field member.';
comment on column memberships.role is
  'owner, curator, member or guest, by the owner''s decision; member in a request. Field role.';
comment on column memberships.status is
  'pending, active or rejected. Always rejected while the row is not live, so that a forgotten deleted_at gives no access.';
comment on column memberships.trust_weight is
  'Weight of the member for trust, from 0 to 1, by the owner''s decision; else 0.5. Field trustWeight.';
comment on column memberships.since is
  'Field since; when the record was made if it has none.';
comment on column memberships.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column memberships.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column memberships.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column memberships.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column memberships.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column memberships.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column memberships.record_rkey is
  'Key of the record in its collection.';
comment on column memberships.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';
comment on column memberships.in_force is
  'Whether this row is the one that counts of its scene and member: the owner''s newest decision, else the newest request.';
comment on column memberships.record_status is
  'What the record says as status, also while the row is not live. A request says pending. Field status.';

comment on table stream_sessions is
  'Live sessions of app.subcult.stream, of a scene or an event that the host owns.';
comment on column stream_sessions.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column stream_sessions.scene_id is
  'The scene, or null. Field sceneId.';
comment on column stream_sessions.event_id is
  'The event, or null. Field eventId. At most one of scene_id and event_id is set.';
comment on column stream_sessions.room_name is
  'Room of the media server. Not unique: two hosts can name one room. Field roomName.';
comment on column stream_sessions.host_did is
  'Account that hosts it: the repository of the record.';
comment on column stream_sessions.started_at is
  'Field startedAt; when the record was made if it has none.';
comment on column stream_sessions.ended_at is
  'Field endedAt. Null while the session is on.';
comment on column stream_sessions.is_locked is
  'Field isLocked.';
comment on column stream_sessions.featured_participant is
  'Field featuredParticipant, or null.';
comment on column stream_sessions.participant_count is
  'Deprecated. Written by the media server, never from a record.';
comment on column stream_sessions.active_participant_count is
  'Participants now. Written by the media server, never from a record.';
comment on column stream_sessions.join_count is
  'Joins so far. Written by the media server, never from a record.';
comment on column stream_sessions.leave_count is
  'Leaves so far. Written by the media server, never from a record.';
comment on column stream_sessions.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column stream_sessions.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column stream_sessions.deleted_at is
  'Null exactly when the row is live. Otherwise since when it is not: record deleted, account not active, parent gone, or hidden by an operator.';
comment on column stream_sessions.moderated_at is
  'Since when an operator hides the row. Outlasts new revisions, until the operator clears deleted_at.';
comment on column stream_sessions.indexer_live is
  'Whether the record itself is live. True beside a deleted_at: an operator hid the row.';
comment on column stream_sessions.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column stream_sessions.record_rkey is
  'Key of the record in its collection.';
comment on column stream_sessions.record_rev is
  'Revision that the row was made from: a TID, which sorts by time.';

comment on table records is
  'The ledger: one row for each record ever seen, also deleted ones. Never delete from it: an old copy of the stream would bring deleted records back.';
comment on column records.did is
  'Repository of the record.';
comment on column records.collection is
  'Collection of the record, as app.subcult.scene.';
comment on column records.rkey is
  'Key of the record in its collection.';
comment on column records.rev is
  'Newest revision that was seen: a TID, which sorts by time.';
comment on column records.cid is
  'Hash of the record''s content; null for a deleted record.';
comment on column records.idempotency_key is
  'SHA-256 of did, collection, rkey and rev, joined by NUL, in lower-case hex.';
comment on column records.state is
  'applied: has a live row. waiting: for the record in waiting_for. rejected: has a dead letter. deleted. suppressed: its account is not active. unmapped: of a collection that has no table.';
comment on column records.reason is
  'Why it waits or was rejected: a code of the closed list; otherwise null.';
comment on column records.waiting_for is
  'The first reference that does not resolve: an AT-URI, or collection/rkey for a bare key.';
comment on column records.loose_references is
  'Bare keys that the author''s own repository has never had, as collection/rkey: what they mean can change.';
comment on column records.record is
  'The record as published, with places made coarse where there is no consent. Null for a deleted record.';
comment on column records.event_time is
  'When the newest revision was published, by the time of the stream.';
comment on column records.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column records.indexed_at is
  'When this row was first stored, or its newest revision was.';

comment on table accounts is
  'Accounts of which records are held, and inactive ones whose records may still come.';
comment on column accounts.did is
  'The account.';
comment on column accounts.handle is
  'Its name, as alice.example, by the newest identity event. Null: not known, or no valid handle.';
comment on column accounts.active is
  'Whether its records are shown.';
comment on column accounts.status is
  'Why it is not active, as the network says: deactivated, suspended, takendown, deleted, …';
comment on column accounts.account_time is
  'Time of the newest account event.';
comment on column accounts.account_seq is
  'Number of the newest account event at its relay.';
comment on column accounts.identity_time is
  'Time of the newest identity event.';
comment on column accounts.identity_seq is
  'Number of the newest identity event at its relay.';
comment on column accounts.known_since is
  'Time of the first record that is held. Null: nothing is held of it.';
comment on column accounts.purged_until is
  'Records up to this time are deleted for good: account deleted, or repository rebuilt.';
comment on column accounts.updated_at is
  'When this row was last changed.';
comment on column accounts.account_source is
  'Jetstream instance that sent the newest account event. Null: not known.';
comment on column accounts.account_cursor is
  'Number of the newest account event at that instance.';
comment on column accounts.identity_source is
  'Jetstream instance that sent the newest identity event. Null: not known.';
comment on column accounts.identity_cursor is
  'Number of the newest identity event at that instance.';

comment on table dead_letters is
  'What was refused, with the reason. A letter closes when its author publishes a valid revision or an operator deals with it.';
comment on column dead_letters.id is
  'Number of the letter.';
comment on column dead_letters.fingerprint is
  'Idempotency key of the record, or SHA-256 of a message that cannot be decoded: the same letter is not written twice.';
comment on column dead_letters.reason is
  'Why: a code of the closed list.';
comment on column dead_letters.detail is
  'Which field, and what was expected; never what was in it.';
comment on column dead_letters.did is
  'Repository of the record; null when that cannot be told.';
comment on column dead_letters.collection is
  'Collection of the record, or null.';
comment on column dead_letters.rkey is
  'Key of the record, or null.';
comment on column dead_letters.rev is
  'Revision that was refused, or null.';
comment on column dead_letters.payload is
  'What a retry needs, with places made coarse. Null once nobody needs it.';
comment on column dead_letters.attempts is
  'How often it was retried.';
comment on column dead_letters.next_attempt_at is
  'When it is retried by itself. Null: it waits for a person.';
comment on column dead_letters.created_at is
  'When it was refused first.';
comment on column dead_letters.resolved_at is
  'When it was closed. Null: open.';
comment on column dead_letters.resolution is
  'superseded by a newer revision, retried with success, or discarded by an operator.';

comment on table indexer_state is
  'Where each consumer goes on from, and which instance may write.';
comment on column indexer_state.consumer is
  'Setting CONSUMER_NAME.';
comment on column indexer_state.partition is
  'Part of the DIDs; 0 while there is one part.';
comment on column indexer_state.cursor is
  'Where to go on: a number of the instance in source, or Unix microseconds from 10^15 on. It moves in the transaction of its events.';
comment on column indexer_state.cursor_time is
  'When that instance saw the event at the cursor.';
comment on column indexer_state.cursor_mark is
  'Time and name of the event at the cursor: tells whether an instance still numbers as before. Null: not known.';
comment on column indexer_state.source is
  'Jetstream instance that issued the cursor.';
comment on column indexer_state.epoch is
  'Counts the changes of leader. A batch of an older epoch is not written.';
comment on column indexer_state.holder is
  'Instance that may write. Null: nobody.';
comment on column indexer_state.lease_until is
  'Until when it may, unless it renews, by the clock of the database.';
comment on column indexer_state.lease_ms is
  'How long the lease lasts without being renewed, milliseconds.';
comment on column indexer_state.batch is
  'Newest batch that was written: tells a commit whose answer was lost from one that failed.';
comment on column indexer_state.last_updated is
  'When this row was last changed.';

comment on table reconciles is
  'Repositories that are compared with their source, and what came of it the last time.';
comment on column reconciles.did is
  'The repository.';
comment on column reconciles.reason is
  'Why it was asked for the last time.';
comment on column reconciles.requested_at is
  'When it was asked for the last time.';
comment on column reconciles.next_attempt_at is
  'When it is due. Null: there is nothing to do.';
comment on column reconciles.attempts is
  'Attempts that failed in a row.';
comment on column reconciles.failure is
  'Why the last attempt failed, as a code. Null: it did not.';
comment on column reconciles.detail is
  'The same as a sentence.';
comment on column reconciles.finished_at is
  'When it was last compared without a failure. Null: never. The columns that follow are of that time.';
comment on column reconciles.host is
  'Server that the repository came from.';
comment on column reconciles.rev is
  'Revision of the repository.';
comment on column reconciles.verified is
  'Whether its signature was verified.';
comment on column reconciles.records is
  'Records of the wanted collections that it held.';
comment on column reconciles.put is
  'Records that were missing here or older, and were put.';
comment on column reconciles.deleted is
  'Records that were here and not there, and were deleted.';

comment on table schema_migrations is
  'Migrations that were applied.';
comment on column schema_migrations.version is
  'Number of the migration.';
comment on column schema_migrations.name is
  'Its name.';
comment on column schema_migrations.checksum is
  'SHA-256 of its text: an applied migration is never edited.';
comment on column schema_migrations.applied_at is
  'When it was applied.';

comment on view public_scenes is
  'Live scenes that are public.';
comment on column public_scenes.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column public_scenes.uri is
  'AT-URI of the record: at://DID/app.subcult.scene/KEY. Null for a row that no record made.';
comment on column public_scenes.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column public_scenes.record_rkey is
  'Key of the record in its collection.';
comment on column public_scenes.owner_did is
  'Account that owns the scene: the repository of the record.';
comment on column public_scenes.handle is
  'Name of the account that the row belongs to, as alice.example. Null: not known.';
comment on column public_scenes.name is
  'Field name, at most 255 characters.';
comment on column public_scenes.description is
  'Field description, or null.';
comment on column public_scenes.tags is
  'Field tags; empty when there are none.';
comment on column public_scenes.palette is
  'Colours primary, secondary, accent, background and text; an empty object when the record has no palette.';
comment on column public_scenes.allow_precise is
  'Whether display_point is exact. If not, draw an area and not a pin.';
comment on column public_scenes.coarse_geohash is
  'Cell of the place, at most 6 characters, about 0.6 by 1.2 km. Null: no place.';
comment on column public_scenes.display_point is
  'Where a map may show the row: the exact place, or without consent a fixed point somewhere in the cell. The only place in the view.';
comment on column public_scenes.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column public_scenes.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column public_scenes.search is
  'Words of name, description and tags for full-text search, with and without accents. Not for display.';

comment on view public_events is
  'Live events of live public scenes, cancelled ones too.';
comment on column public_events.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column public_events.uri is
  'AT-URI of the record: at://DID/app.subcult.event/KEY. Null for a row that no record made.';
comment on column public_events.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column public_events.record_rkey is
  'Key of the record in its collection.';
comment on column public_events.scene_id is
  'The scene. Field sceneId.';
comment on column public_events.owner_did is
  'Account that owns the scene, and so the event.';
comment on column public_events.handle is
  'Name of the account that the row belongs to, as alice.example. Null: not known.';
comment on column public_events.title is
  'Field name, at most 255 characters.';
comment on column public_events.description is
  'Field description, or null.';
comment on column public_events.tags is
  'Field tags; empty when there are none.';
comment on column public_events.status is
  'scheduled, live, ended or cancelled, as the author says. Field status.';
comment on column public_events.starts_at is
  'Field startsAt.';
comment on column public_events.ends_at is
  'Field endsAt, later than starts_at, or null.';
comment on column public_events.cancelled_at is
  'When the revision was published that says cancelled; null for every other status.';
comment on column public_events.cancellation_reason is
  'Written by the app alone.';
comment on column public_events.allow_precise is
  'Whether display_point is exact. If not, draw an area and not a pin.';
comment on column public_events.coarse_geohash is
  'Cell of the place, at most 6 characters, about 0.6 by 1.2 km. Null: no place.';
comment on column public_events.display_point is
  'Where a map may show the row: the exact place, or without consent a fixed point somewhere in the cell. The only place in the view.';
comment on column public_events.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column public_events.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column public_events.search is
  'Words of title, description and tags for full-text search, with and without accents. Not for display.';

comment on view public_posts is
  'Live posts without the labels hidden, nsfw, spam and flagged, whose scene and event are both for everybody.';
comment on column public_posts.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column public_posts.uri is
  'AT-URI of the record: at://DID/app.subcult.post/KEY. Null for a row that no record made.';
comment on column public_posts.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column public_posts.record_rkey is
  'Key of the record in its collection.';
comment on column public_posts.scene_id is
  'The scene, or null. Field sceneId.';
comment on column public_posts.event_id is
  'The event, or null. Field eventId. At least one of scene_id and event_id is set.';
comment on column public_posts.author_did is
  'Account that wrote it: the repository of the record.';
comment on column public_posts.handle is
  'Name of the account that the row belongs to, as alice.example. Null: not known.';
comment on column public_posts.text is
  'Field text, at most 5,000 characters.';
comment on column public_posts.attachments is
  'List of at most 6 objects with any of url, key, cid, type, size_bytes, width, height, duration_seconds. Field attachments.';
comment on column public_posts.labels is
  'Labels of the author and of moderators; never hidden, nsfw, spam or flagged.';
comment on column public_posts.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column public_posts.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
comment on column public_posts.search is
  'Words of text for full-text search, with and without accents. Not for display.';

comment on view public_alliances is
  'Live alliances with the status active, between two live public scenes.';
comment on column public_alliances.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column public_alliances.uri is
  'AT-URI of the record: at://DID/app.subcult.alliance/KEY. Null for a row that no record made.';
comment on column public_alliances.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column public_alliances.record_rkey is
  'Key of the record in its collection.';
comment on column public_alliances.from_scene_id is
  'The scene that vouches, of the author. Field fromSceneId.';
comment on column public_alliances.to_scene_id is
  'The other scene, of anybody. Field toSceneId.';
comment on column public_alliances.owner_did is
  'Account that owns the scene that vouches.';
comment on column public_alliances.handle is
  'Name of the account that the row belongs to, as alice.example. Null: not known.';
comment on column public_alliances.weight is
  'Weight in the trust graph, from 0 to 1; 1 when the record has none. Field weight.';
comment on column public_alliances.reason is
  'Field reason, at most 256 characters, or null.';
comment on column public_alliances.since is
  'Field since; when the record was made if it has none.';
comment on column public_alliances.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column public_alliances.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';

comment on view public_stream_sessions is
  'Live sessions of live public scenes and their events.';
comment on column public_stream_sessions.id is
  'Derived from DID, collection and key of the record: the same for ever, in every index of these records, also when it is deleted and published again.';
comment on column public_stream_sessions.uri is
  'AT-URI of the record: at://DID/app.subcult.stream/KEY. Null for a row that no record made.';
comment on column public_stream_sessions.record_did is
  'Repository that holds the record. With record_rkey the one unique key besides id.';
comment on column public_stream_sessions.record_rkey is
  'Key of the record in its collection.';
comment on column public_stream_sessions.scene_id is
  'The scene, or null. Field sceneId.';
comment on column public_stream_sessions.event_id is
  'The event, or null. Field eventId. At most one of scene_id and event_id is set.';
comment on column public_stream_sessions.host_did is
  'Account that hosts it: the repository of the record.';
comment on column public_stream_sessions.handle is
  'Name of the account that the row belongs to, as alice.example. Null: not known.';
comment on column public_stream_sessions.room_name is
  'Room of the media server. Not unique: two hosts can name one room. Field roomName.';
comment on column public_stream_sessions.started_at is
  'Field startedAt; when the record was made if it has none.';
comment on column public_stream_sessions.ended_at is
  'When the session ended. Null while it is on.';
comment on column public_stream_sessions.is_locked is
  'Field isLocked.';
comment on column public_stream_sessions.featured_participant is
  'Field featuredParticipant, or null.';
comment on column public_stream_sessions.active_participant_count is
  'Participants now. Written by the media server, never from a record.';
comment on column public_stream_sessions.created_at is
  'When the record was made: the earliest time that any of its revisions names.';
comment on column public_stream_sessions.updated_at is
  'When the newest revision was published, by the time of the stream. Hiding a row does not change it.';
