import { parseEndpoint } from "../client/endpoint.ts";
import { readConfig } from "../config.ts";
import { secretsOf } from "../config/secrets.ts";
import { Indexer, type IndexerOptions } from "../indexer.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/collections/registry.ts";
import { createApp } from "../server/app.ts";
import { PAGE } from "../server/page/page.ts";
import { startServer } from "../server/http/server.ts";
import { StatusCache } from "../server/status/status_cache.ts";
import { Telemetry } from "../server/telemetry/telemetry.ts";
import { DeadLetterStore } from "../repository/dead_letters/dead_letter_store.ts";
import { selectedRetry } from "../indexer/manual_retry.ts";
import { DatabaseStatus } from "../indexer/database_status.ts";
import type { Command, Terminal } from "./command.ts";
import { openDatabase } from "./open_database.ts";
import { parseOptions } from "./options.ts";
import { buildText } from "./version.ts";
import type { Database } from "../repository/connection/database.ts";

type IndexerHooks = Pick<
  IndexerOptions,
  "clock" | "committed" | "decoders" | "faultPoint" | "fill" | "random" | "statementTimeoutMs"
>;

/** Hooks that tests put into a running process. */
export interface RunHooks extends IndexerHooks {
  readonly logger?: Logger;
  /** Called once, when everything but the stream is ready. */
  readonly started?: (running: Running) => void;
}

/** What a running process exposes to a caller in the same process. */
export interface Running {
  readonly host: string;
  readonly port: number;
  readonly telemetry: Telemetry;
  readonly database: Database;
}

/** Runs the indexer until `terminal.stop` aborts. */
export async function runIndexer(terminal: Terminal, hooks: RunHooks = {}): Promise<number> {
  const { logger: given, started, ...indexerHooks } = hooks;
  const config = readConfig(terminal.env);
  const logger = given ?? createLogger({
    level: config.logLevel,
    format: config.environment === "production" ? "json" : "readable",
    secrets: secretsOf(config),
    write: (line) => terminal.log === undefined ? terminal.print(line) : terminal.log.write(line),
  });
  for (const notice of config.notices) logger.warn(notice);
  await using opened = await openDatabase(config, logger, terminal.build);
  const { database, description } = opened;
  logger.info("jetstream-indexer", { version: buildText(terminal.build), database: description });
  logger.info("reading", {
    servers: config.jetstream.urls.map((url) => parseEndpoint(url).source),
    collections: config.jetstream.wantedCollections,
    accounts: config.jetstream.wantedDids.length || "all",
    consumer: config.consumerName,
  });

  const telemetry = new Telemetry({
    collections: COLLECTIONS.map(({ nsid }) => nsid),
    version: buildText(terminal.build),
    consumer: config.consumerName,
    logLinesDropped: () => terminal.log?.dropped ?? 0,
    ...(hooks.clock === undefined ? {} : { clock: hooks.clock }),
  });
  const indexer = new Indexer({
    config,
    database,
    logger,
    telemetry,
    instance: crypto.randomUUID(),
    ...indexerHooks,
  });
  const statusCache = new StatusCache({
    source: new DatabaseStatus(database, config.consumerName, indexer),
    telemetry,
    clock: telemetry.clock,
  });
  const app = createApp({
    telemetry,
    statusCache,
    deadLetters: new DeadLetterStore(database),
    retry: selectedRetry(indexer.deadLetterRetries, database, terminal.stop),
    facts: {
      version: buildText(terminal.build),
      consumer: config.consumerName,
      wantedCollections: config.jetstream.wantedCollections,
      queueLimits: config.queue,
    },
    token: config.http.token,
    hosts: config.http.allowedHosts,
    page: PAGE,
    logger,
  });
  const server = startServer({
    fetch: app.fetch,
    host: config.http.host,
    port: config.http.port,
    failed: (error) => logger.warn("cannot accept connections, retrying", { error }),
  });
  logger.info("listening", { host: server.host, port: server.port });
  started?.({ host: server.host, port: server.port, telemetry, database });
  try {
    await indexer.run(terminal.stop);
    return 0;
  } catch (error) {
    logger.error("stopped", { error });
    return 1;
  } finally {
    await statusCache.close();
    await server.close();
  }
}

export const run: Command = {
  name: "run",
  summary: "follow the stream (the default)",
  help: `usage: jetstream-indexer [run]

Follows Jetstream and writes into the database until SIGINT
or SIGTERM, which drain what was read and end with 0; a
second signal ends at once with 1. Everything is set by the
environment: see \`jetstream-indexer help settings\`.

Example:
  START_FROM=2026-01-02T03:04:05Z jetstream-indexer run`,
  async run(args, terminal): Promise<number> {
    parseOptions(args, {});
    return await runIndexer(terminal);
  },
};
