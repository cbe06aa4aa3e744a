/** The configured database, or an embedded one. */

import { type Config, ConfigError } from "../config.ts";
import type { Logger } from "../log/logger.ts";
import { connect, describeDatabase, terminate } from "../repository/connection/connection.ts";
import { Database } from "../repository/connection/database.ts";
import type { Trust } from "../repository/connection/secure_socket.ts";
import type { Build } from "./command.ts";

export interface OpenedDatabase extends AsyncDisposable {
  readonly database: Database;
  /** Host and name, without credentials. */
  readonly description: string;
}

/**
 * Opens it. Nothing is sent to an external database before the first query. Throws a `ConfigError` for the
 * embedded database if the executable was compiled without it.
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { embeddedDatabase }: Build,
): Promise<OpenedDatabase> {
  if (config.database.kind === "postgres") {
    const url = config.database.url.reveal();
    const trust = { rootCertificates: config.databaseRootCertificates };
    return opened(
      { url, trust, prepare: config.databasePrepare },
      describeDatabase(url),
      () => Promise.resolve(),
    );
  }
  if (!embeddedDatabase) {
    const message =
      "cannot use DATABASE_URL: this executable contains no embedded database, expected " +
      "postgres://… with PostGIS";
    throw new ConfigError([{ setting: "DATABASE_URL", message }]);
  }
  logger.info("starting the embedded database");
  // Loaded only here: with an external database its 40 MB stay on disk.
  const { startEmbedded } = await import("../repository/embedded/embedded.ts");
  const { url, close } = await startEmbedded();
  return opened({ url }, "embedded, in memory", close);
}

interface Place {
  readonly url: string;
  readonly trust?: Trust;
  readonly prepare?: boolean;
}

function opened(
  { url, trust, prepare = true }: Place,
  description: string,
  close: () => Promise<void>,
): OpenedDatabase {
  const database = new Database({
    open: (max) => connect(url, { max, applicationName: "jetstream-indexer", prepare, ...trust }),
    terminate,
  });
  return {
    database,
    description,
    async [Symbol.asyncDispose](): Promise<void> {
      await database[Symbol.asyncDispose]();
      await close();
    },
  };
}
