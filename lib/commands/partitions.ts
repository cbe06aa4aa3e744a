/** Shows or changes the number of partitions. */

import { isMigrated } from "../repository/schema/migrate.ts";
import { readPartitions, resize, ResizeError } from "../repository/batch/partition_count.ts";
import { type Command, UsageError } from "./command.ts";
import { commandDatabase } from "./command_database.ts";
import { parseOptions } from "./options.ts";

const MOST = 64;

export const partitions: Command = {
  name: "partitions",
  summary: "show or change the number of partitions",
  help: `usage: jetstream-indexer partitions [N]

Shows or changes the number of account partitions, 1 to 64.
Instances may be running: they pause briefly, read the new
number, and resume from the least position of the previous
partitions. Repeated events are recognised as duplicates.

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
        "cannot read the number of partitions: the database lacks the tables of this version; " +
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
