import { type Config, readConfig, secretsOf } from "../config.ts";
import { Indexer } from "../indexer.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/registry.ts";
import { isReason, REASONS } from "../reason.ts";
import {
  discardLetters,
  type LetterQuery,
  listLetters,
  openLetters,
  showLetter,
} from "../repository/dead_letters.ts";
import { isMigrated } from "../repository/migrate.ts";
import { Telemetry } from "../server/telemetry.ts";
import { letterLines, moment } from "./dead_letter_lines.ts";
import { type Build, type Command, type Terminal, UsageError } from "./command.ts";
import { openDatabase, type OpenedDatabase } from "./open_database.ts";
import { parseOptions, wholeNumber } from "./options.ts";
import { json } from "./plain.ts";

const JSON_OPTION = { json: { type: "boolean" } } as const;
const WITH_WORDS = { words: true };

/** Letters that are tried in one transaction. */
const CHUNK = 100;

export const deadLetters: Command = {
  name: "dead-letters",
  summary: "list, show, retry or discard what could not be used",
  help:
    `usage: jetstream-indexer dead-letters list [--resolved] [--reason R] [--limit N] [--before ID] [--json]
       jetstream-indexer dead-letters show ID [--json]
       jetstream-indexer dead-letters retry ID... | --reason R | --all [--json]
       jetstream-indexer dead-letters discard ID... [--json]

Works on the database directly, also while no process runs. Retry maps the record again and resolves the
letter in the same transaction. Discard closes it for good.

Reasons: ${REASONS.join(", ")}`,
  async run(args, terminal): Promise<number> {
    const [action, ...rest] = args;
    const act = ACTIONS[action ?? ""];
    if (act === undefined) {
      throw new UsageError("expected one of: list, show, retry, discard");
    }
    return await act(rest, terminal);
  },
};

const ACTIONS: Readonly<
  Record<string, (args: readonly string[], terminal: Terminal) => Promise<number>>
> = { list, show, retry, discard };

async function list(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = parseOptions(args, {
    resolved: { type: "boolean" },
    reason: { type: "string" },
    limit: { type: "string", default: "50" },
    before: { type: "string" },
    json: { type: "boolean" },
  });
  const query: LetterQuery = {
    state: values.resolved ? "resolved" : "open",
    limit: wholeNumber(values.limit, "--limit"),
    ...(values.reason === undefined ? {} : { reason: reason(values.reason) }),
    ...(values.before === undefined ? {} : { before: wholeNumber(values.before, "--before") }),
  };
  await using opened = await open(terminal);
  const letters = await listLetters(opened.database.sql, query);
  if (values.json) terminal.print(json(letters));
  else if (letters.length === 0) terminal.print("none");
  else for (const line of letterLines(letters, terminal.colours)) terminal.print(line);
  if (letters.length === query.limit) {
    terminal.complain(`older ones: --before ${letters.at(-1)?.id}`);
  }
  return 0;
}

async function show(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, JSON_OPTION, WITH_WORDS);
  const [id] = ids(words);
  if (id === undefined || words.length > 1) throw new UsageError("show takes one id");
  await using opened = await open(terminal);
  const letter = await showLetter(opened.database.sql, id);
  if (letter === null) throw new Error(`there is no dead letter ${id}`);
  if (values.json) terminal.print(json(letter));
  else {
    for (const line of letterLines([letter], terminal.colours)) terminal.print(line);
    const next = letter.nextAttemptAt === null ? "none" : moment(letter.nextAttemptAt);
    terminal.print(`attempts ${letter.attempts}, next ${next}`);
    terminal.print(json(letter.payload, 2));
  }
  return 0;
}

async function retry(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, {
    reason: { type: "string" },
    all: { type: "boolean" },
    ...JSON_OPTION,
  }, WITH_WORDS);
  const given = ids(words);
  const selections = [given.length > 0, values.reason !== undefined, values.all === true];
  if (selections.filter(Boolean).length !== 1) {
    throw new UsageError("retry takes ids, or --reason, or --all");
  }
  const ofReason = values.reason === undefined ? null : reason(values.reason);
  const config = readConfig(terminal.env);
  const logger = createLogger({
    level: "error",
    format: "readable",
    secrets: secretsOf(config),
    write: terminal.print,
  });
  await using opened = await openMigrated(config, logger, terminal.build);
  const { database } = opened;
  const chosen = given.length > 0 ? given : await openLetters(
    database.sql,
    ofReason,
    Number.MAX_SAFE_INTEGER,
  );
  const telemetry = new Telemetry({
    collections: COLLECTIONS.map(({ nsid }) => nsid),
    version: terminal.build.version,
  });
  const instance = crypto.randomUUID();
  const indexer = new Indexer({ config, database, logger, telemetry, instance });
  let seen = 0;
  let tried = 0;
  let resolved = 0;
  while (seen < chosen.length && !terminal.stop.aborted) {
    const chunk = chosen.slice(seen, seen + CHUNK);
    const result = await indexer.letters.retry(chunk, terminal.stop).catch((error: unknown) => {
      // What was not committed is left as it was.
      if (terminal.stop.aborted) return null;
      throw error;
    });
    if (result === null) break;
    seen += chunk.length;
    tried += result.tried;
    resolved += result.resolved;
    if (chosen.length > CHUNK) {
      terminal.complain(`${seen} of ${chosen.length}, resolved ${resolved}`);
    }
  }
  const unseen = chosen.length - seen;
  const left = seen - tried;
  if (values.json) terminal.print(json({ tried, resolved, left, unseen }));
  else {
    terminal.print(
      `tried ${tried}, resolved ${resolved}` +
        (left > 0 ? `; of ${left} only an excerpt is kept, or they are resolved already` : "") +
        (unseen > 0 ? `; stopped before the last ${unseen}` : ""),
    );
  }
  return unseen > 0 ? 1 : 0;
}

async function discard(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, JSON_OPTION, WITH_WORDS);
  const given = ids(words);
  if (given.length === 0) throw new UsageError("discard takes ids");
  await using opened = await open(terminal);
  const count = await discardLetters(opened.database.sql, given);
  terminal.print(values.json ? json({ discarded: count }) : `discarded ${count}`);
  return count === given.length ? 0 : 1;
}

async function open(terminal: Terminal): Promise<OpenedDatabase> {
  const config = readConfig(terminal.env);
  const logger = createLogger({
    level: "error",
    format: "readable",
    secrets: secretsOf(config),
    write: terminal.print,
  });
  return await openMigrated(config, logger, terminal.build);
}

/** Opens the database. Throws when it has not the tables that letters are in. */
async function openMigrated(
  config: Config,
  logger: Logger,
  build: Build,
): Promise<OpenedDatabase> {
  const opened = await openDatabase(config, logger, build);
  try {
    if (await isMigrated(opened.database.sql)) return opened;
    throw new Error(
      "cannot look for dead letters: the database has not the tables of this version; " +
        "run jetstream-indexer migrate",
    );
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

function ids(words: readonly string[]): number[] {
  return words.map((word) => wholeNumber(word, "an id"));
}

function reason(text: string): string {
  if (!isReason(text)) {
    throw new UsageError(
      `there is no reason ${JSON.stringify(text)}; expected one of: ${REASONS.join(", ")}`,
    );
  }
  return text;
}
