-- Numbers name an event only as long as their numbering lasts: beside them stands what tells another numbering.

-- What the server sent at the cursor: the event's time and name. Null when that is not known.
alter table indexer_state add column cursor_mark text;

-- The instance that sent the newest account and identity event, and its number there: on one instance its own
-- order decides. Null for events that came before this was kept.
alter table accounts
  add column account_source text,
  add column account_cursor bigint,
  add column identity_source text,
  add column identity_cursor bigint;
