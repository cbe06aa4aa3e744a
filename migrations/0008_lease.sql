-- A lease says which instance writes the batches of a partition, and until when, by the clock of the database.
alter table indexer_state
  add column partition integer not null default 0 check (partition >= 0),
  -- Null: nobody holds it.
  add column lease_until timestamptz,
  -- How long the present lease lasts without being renewed, milliseconds.
  add column lease_ms integer check (lease_ms > 0),
  drop constraint indexer_state_pkey,
  add primary key (consumer, partition);
