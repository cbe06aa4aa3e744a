/** Maps ledger records again: to write the differences, or to see them. */

import type { RecordKey } from "../mapper/collection.ts";
import type { Mapper } from "../mapper/content.ts";
import type { Database } from "../repository/connection/database.ts";
import type { Difference } from "../repository/fold/record_difference.ts";
import { inspect } from "../repository/batch/table_comparison.ts";
import type { Writer } from "../repository/batch/writer.ts";

export interface RecordRemapperOptions {
  readonly database: Pick<Database, "sql">;
  readonly mapper: Mapper;
  readonly writer: Writer;
}

export class RecordRemapper {
  readonly #options: RecordRemapperOptions;

  constructor(options: RecordRemapperOptions) {
    this.#options = options;
  }

  /** Writes the differences, with all consequences, in one transaction. */
  async write(keys: readonly RecordKey[], signal: AbortSignal): Promise<readonly Difference[]> {
    const { remapped = [] } = await this.#options.writer.write({
      id: crypto.randomUUID(),
      events: [],
      remap: keys,
      cursor: null,
      deadLetters: [],
      // It moves no cursor: these events are not part of the stream.
      fromSource: true,
      lease: null,
    }, signal);
    return remapped;
  }

  /** The differences. Writes nothing. */
  async inspect(keys: readonly RecordKey[]): Promise<readonly Difference[]> {
    const { database, mapper } = this.#options;
    return await inspect(database.sql, mapper, keys);
  }
}
