/** All careless changes, by the changed part of the program. */

import { CLIENT_ARCHIVE } from "./client_archive.ts";
import { CLIENT_CONNECTION } from "./client_connection.ts";
import { CLIENT_POSITION } from "./client_position.ts";
import { COMMANDS } from "./commands.ts";
import { CONFIG } from "./config.ts";
import { DECODER_BINARY } from "./decoder_binary.ts";
import { DECODER_MESSAGES } from "./decoder_messages.ts";
import { HEALING } from "./healing.ts";
import { INDEXER } from "./indexer.ts";
import { LIMITS } from "./limits.ts";
import { LOG } from "./log.ts";
import { MAPPER_PLACES } from "./mapper_places.ts";
import { MAPPER_RECORDS } from "./mapper_records.ts";
import { MIGRATIONS } from "./migrations.ts";
import { PARTITIONS } from "./partitions.ts";
import { REINDEXING } from "./reindexing.ts";
import { REPOSITORY_FOLD } from "./repository_fold.ts";
import { REPOSITORY_TABLES } from "./repository_tables.ts";
import { SERVER_FACTS } from "./server_facts.ts";
import { SERVER_HTTP } from "./server_http.ts";

export const MUTANTS = [
  ...CLIENT_ARCHIVE,
  ...CLIENT_CONNECTION,
  ...CLIENT_POSITION,
  ...COMMANDS,
  ...CONFIG,
  ...DECODER_BINARY,
  ...DECODER_MESSAGES,
  ...HEALING,
  ...INDEXER,
  ...LIMITS,
  ...LOG,
  ...MAPPER_PLACES,
  ...MAPPER_RECORDS,
  ...MIGRATIONS,
  ...PARTITIONS,
  ...REINDEXING,
  ...REPOSITORY_FOLD,
  ...REPOSITORY_TABLES,
  ...SERVER_FACTS,
  ...SERVER_HTTP,
];
