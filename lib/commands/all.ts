/** Every command, in the order in which help lists them. */

import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { completionOf } from "./completion.ts";
import { deadLetters } from "./dead_letters.ts";
import { helpOf } from "./help.ts";
import { lexicons } from "./lexicons.ts";
import { migrate } from "./migrate.ts";
import { partitions } from "./partitions.ts";
import { rebuild } from "./rebuild.ts";
import { reconcile } from "./reconcile.ts";
import { reindex } from "./reindex.ts";
import { run } from "./run.ts";
import { status } from "./status.ts";
import { verify } from "./verify.ts";
import { version } from "./version.ts";

const help = helpOf(() => COMMANDS);
const completion = completionOf(() => COMMANDS);

export const COMMANDS: readonly Command[] = [
  run,
  migrate,
  status,
  check,
  deadLetters,
  verify,
  reconcile,
  reindex,
  rebuild,
  partitions,
  lexicons,
  version,
  completion,
  help,
];
