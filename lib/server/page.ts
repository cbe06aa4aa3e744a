export const PAGE = "<!doctype html><title>jetstream-indexer</title>";
