-- Comments say dead letter, compared and differed where they used words that a reader had to guess.
comment on table dead_letters is
  'What was refused, with the reason. A dead letter closes when its author publishes a valid revision, a retry succeeds, or an operator discards it.';
comment on column dead_letters.id is
  'Number of the dead letter.';
comment on column dead_letters.fingerprint is
  'Idempotency key of the record, or SHA-256 of a message that cannot be decoded: the same dead letter is not written twice.';
comment on column dead_letters.did is
  'Repository of the record. Null: the message does not show it.';
comment on column dead_letters.payload is
  'What a retry needs, with places made coarse. Null: no retry needs it any more.';
comment on column dead_letters.next_attempt_at is
  'When it is retried automatically. Null: never automatically.';
comment on table accounts is
  'Accounts with records in the ledger, and inactive ones whose records may still come.';
comment on table reconciles is
  'Repositories that are compared with their source, and the result of the last comparison.';
comment on column reconciles.reason is
  'Why the comparison was last requested.';
comment on column reconciles.requested_at is
  'When the comparison was last requested.';
comment on column reconciles.attempts is
  'Number of consecutive failed attempts.';
comment on column reconciles.finished_at is
  'When the last successful comparison ended. Null: never. The columns after this one describe that comparison.';
comment on column reconciles.records is
  'Records of the wanted collections in the repository.';
comment on column mappings.changed is
  'How many of them the reindex changed.';
