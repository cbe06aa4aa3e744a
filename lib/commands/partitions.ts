/** Shows or changes the number of partitions. */

import { isMigrated } from "../repository/schema/migrate.ts";
import { readPartitions, resize, ResizeError } from "../repository/batch/partitioning.ts";
import { type Command, UsageError } from "./command.ts";
import { commandDatabase } from "./command_database.ts";
import { parseOptions } from "./options.ts";

const MOST = 64;

export const partitions: Command = {
  name: "partitions",
  summary: "show or change the number of partitions",
  help: `usage: jetstream-indexer partitions [N]

Shows into how many partitions the accounts are divided, or
divides them anew, 1 to 64. Can be done while instances run:
they wait for a moment, learn the new number, and read on
from the least position of the partitions before. Events
that come again by that are recognised.

Example:
  jetstream-indexer partitions 4`,
  async run(args, terminal): Promise<number> {
    const { words } = parseOptions(args, {}, { words: true });
    const [word] = words;
    const wanted = word === undefined ? null : Number(word);
    const isUsable = wanted === null ||
      (/^[0-9]+$/.test(word ?? "") && wanted >= 1 && wanted <= MOST);
    if (words.length > 1 || !isUsable) {
      throw new UsageError(`partitions takes a whole number from 1 to ${MOST}`);
    }
    await using opened = await commandDatabase(terminal);
    const { sql } = opened.database;
    if (!await isMigrated(sql)) {
      throw new Error(
        "cannot ask for the number of partitions: the database has not the tables of this version; " +
          "run jetstream-indexer migrate",
      );
    }
    if (wanted === null) {
      terminal.print(String(await readPartitions(sql)));
      return 0;
    }
    try {
      const before = await resize(sql, wanted);
      terminal.print(before === wanted ? `${wanted} already` : `${wanted}, before: ${before}`);
      return 0;
    } catch (error) {
      if (!(error instanceof ResizeError)) throw error;
      terminal.complain(error.message);
      return 1;
    }
  },
};
