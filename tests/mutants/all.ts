/** All careless changes, by the folder that they are made in. */

import { CLIENT } from "./client.ts";
import { COMMANDS } from "./commands.ts";
import { CONFIG } from "./config.ts";
import { DECODER } from "./decoder.ts";
import { INDEXER } from "./indexer.ts";
import { LOG } from "./log.ts";
import { MAPPER } from "./mapper.ts";
import { MIGRATIONS } from "./migrations.ts";
import { PDS } from "./pds.ts";
import { RECONCILE } from "./reconcile.ts";
import { REPOSITORY } from "./repository.ts";
import { SERVER } from "./server.ts";

export const MUTANTS = [
  ...CLIENT,
  ...DECODER,
  ...MAPPER,
  ...REPOSITORY,
  ...INDEXER,
  ...PDS,
  ...RECONCILE,
  ...SERVER,
  ...CONFIG,
  ...COMMANDS,
  ...LOG,
  ...MIGRATIONS,
];
