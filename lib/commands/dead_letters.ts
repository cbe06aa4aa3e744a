import { readConfig, secretsOf } from "../config.ts";
import { Indexer } from "../indexer.ts";
import { createLogger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/registry.ts";
import { isReason, REASONS } from "../reason.ts";
import {
  type DeadLetter,
  discardLetters,
  type LetterQuery,
  listLetters,
  openLetters,
  showLetter,
} from "../repository/dead_letters.ts";
import { Telemetry } from "../server/telemetry.ts";
import { plain } from "./colour.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { openDatabase } from "./open_database.ts";
import { parseOptions, wholeNumber } from "./options.ts";

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
  if (values.json) terminal.print(JSON.stringify(letters));
  else if (letters.length === 0) terminal.print("none");
  else for (const letter of letters) terminal.print(letterLine(letter));
  return 0;
}

async function show(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, JSON_OPTION, WITH_WORDS);
  const [id] = ids(words);
  if (id === undefined || words.length > 1) throw new UsageError("show takes one id");
  await using opened = await open(terminal);
  const letter = await showLetter(opened.database.sql, id);
  if (letter === null) throw new Error(`there is no dead letter ${id}`);
  if (values.json) terminal.print(JSON.stringify(letter));
  else {
    terminal.print(letterLine(letter));
    terminal.print(
      `  attempts ${letter.attempts}, next ${letter.nextAttemptAt?.toISOString() ?? "none"}`,
    );
    terminal.print(plain(JSON.stringify(letter.payload)));
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
  const logger = createLogger({ level: "error", format: "readable", secrets: secretsOf(config) });
  await using opened = await openDatabase(config, logger);
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
  let tried = 0;
  let resolved = 0;
  for (let at = 0; at < chosen.length && !terminal.stop.aborted; at += CHUNK) {
    const result = await indexer.retryLetters(chosen.slice(at, at + CHUNK), terminal.stop);
    tried += result.tried;
    resolved += result.resolved;
    if (chosen.length > CHUNK) {
      terminal.complain(`${Math.min(at + CHUNK, chosen.length)} of ${chosen.length}`);
    }
  }
  const left = chosen.length - tried;
  if (values.json) terminal.print(JSON.stringify({ tried, resolved, left }));
  else {
    terminal.print(
      `tried ${tried}, resolved ${resolved}` +
        (left > 0 ? `; of ${left} only an excerpt is kept, or they are resolved already` : ""),
    );
  }
  return 0;
}

async function discard(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, JSON_OPTION, WITH_WORDS);
  const given = ids(words);
  if (given.length === 0) throw new UsageError("discard takes ids");
  await using opened = await open(terminal);
  const count = await discardLetters(opened.database.sql, given);
  terminal.print(values.json ? JSON.stringify({ discarded: count }) : `discarded ${count}`);
  return count === given.length ? 0 : 1;
}

async function open(terminal: Terminal): Promise<Awaited<ReturnType<typeof openDatabase>>> {
  const config = readConfig(terminal.env);
  const logger = createLogger({ level: "error", format: "readable", secrets: secretsOf(config) });
  return await openDatabase(config, logger);
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

function letterLine(letter: DeadLetter): string {
  const { id, reason, detail, did, collection, rkey, createdAt, resolution } = letter;
  const where = did === null ? "(no address)" : `at://${did}/${collection}/${rkey}`;
  const end = resolution === null ? "" : ` [${resolution}]`;
  return plain(`${id}  ${createdAt.toISOString()}  ${reason}  ${where}  ${detail}${end}`);
}
