-- A reindex also covers the records of all collections without a table, which are ordered by collection too.
alter table mappings add column after_collection text collate "C";

comment on column mappings.collection is 'NSID, or * for the records of all other collections and the dead letters.';
comment on column mappings.version is
  'Mapping and newest form of its records, and rules for places, as mapping.form.rules. Null: unknown, so a reindex is needed.';
comment on column mappings.after_collection is
  'Collection of the last record that the reindex mapped.';
