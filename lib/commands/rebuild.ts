import { parseEndpoint } from "../client/endpoint.ts";
import { readConfig } from "../config.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";
import { type RunHooks, runIndexer } from "./run.ts";

const SOURCES = ["archive", "repositories"] as const;
type Source = typeof SOURCES[number];

/** Fills the database from a source, and follows the stream, until `terminal.stop` aborts. */
export async function runRebuild(
  terminal: Terminal,
  from: Source,
  hooks: RunHooks = {},
): Promise<number> {
  return from === "archive"
    ? await runIndexer({ ...terminal, env: { ...terminal.env, START_FROM: "archive" } }, hooks)
    : await runIndexer({ ...terminal, env: { ...terminal.env, RECONCILE_ENABLED: "true" } }, {
      ...hooks,
      fill: true,
    });
}

export const rebuild: Command = {
  name: "rebuild",
  summary: "fill the database with history, then follow",
  help: `usage: jetstream-indexer rebuild
           [--from archive|repositories]

Fills an empty database with all earlier records, then
follows the stream as \`run\` does; the log shows the
progress. After an interruption \`rebuild\` continues.

  --from archive       from the archive of the first v2
                       server in JETSTREAM_URL; the default
                       where there is one
  --from repositories  from the repositories that RELAY_URL
                       lists, each read from its own server
                       and verified; also fills gaps in an
                       existing database

Example:
  jetstream-indexer rebuild --from repositories`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, { from: { type: "string" } });
    const { jetstream: { urls } } = readConfig(terminal.env);
    const hasArchive = urls.some((url) => parseEndpoint(url).protocol === "v2");
    const from = values.from ?? (hasArchive ? "archive" : "repositories");
    if (!isSource(from)) {
      throw new UsageError(`cannot use --from ${from}: expected ${SOURCES.join(" or ")}`);
    }
    return await runRebuild(terminal, from);
  },
};

function isSource(text: string): text is Source {
  return (SOURCES as readonly string[]).includes(text);
}
