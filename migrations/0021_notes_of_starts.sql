-- A record that has only started to be live has no live children yet in the partition that is told: those that wait
-- for it are found without a look at the rows of all tables.
alter table mailbox add column was_live boolean not null default true;
comment on column mailbox.was_live is
  'Whether the record may have live children: false when it has only started to be live.';
