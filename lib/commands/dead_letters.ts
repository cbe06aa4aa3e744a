import { REASONS } from "../reason.ts";
import {
  countDeadLetters,
  discardDeadLetters,
  listDeadLetters,
  showDeadLetter,
} from "../repository/dead_letters/dead_letters.ts";
import { didYouMean } from "../spelling.ts";
import type { DeadLetterFilter } from "../repository/dead_letters/dead_letter_filter.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { openDeadLetterDatabase } from "./dead_letter_database.ts";
import { deadLetterLines, deadLetterTable, moment } from "./dead_letter_lines.ts";
import { retry } from "./dead_letter_retry.ts";
import {
  FILTER_OPTIONS,
  filterOf,
  isMeant,
  selectedDeadLetters,
  SELECTION_OPTIONS,
  selectionOf,
} from "./dead_letter_selection.ts";
import { parseOptions, wholeNumber } from "./options.ts";
import { json } from "./plain.ts";

const JSON_OPTION = { json: { type: "boolean" } } as const;
const WITH_WORDS = { words: true };

export const deadLetters: Command = {
  name: "dead-letters",
  summary: "list, show, retry, discard rejected records",
  help: `usage: jetstream-indexer dead-letters list
           [FILTER] [--resolved] [--limit N] [--before ID]
           [--json]
       jetstream-indexer dead-letters show ID [--json]
       jetstream-indexer dead-letters retry
           ID... | FILTER | --all [--yes] [--json]
       jetstream-indexer dead-letters discard
           ID... | FILTER | --all [--yes] [--json]

Works on the database directly, even when no process
runs. Retry maps the record again and closes its dead
letter in the same transaction, or says why it is still
open. Discard closes dead letters for good.

FILTER, of which every given part must match:
  --reason R         one of the reasons below
  --collection C     an NSID, or a prefix that ends in .*
  --did DID          of the author
  --older-than AGE   30m, 12h, 7d, or an RFC 3339 time
  --newer-than AGE   the same

With a filter or --all, the dead letters are counted first,
and you have to confirm. --yes confirms. Without a
terminal, discard requires --yes.

Examples:
  jetstream-indexer dead-letters list --newer-than 1h
  jetstream-indexer dead-letters retry --reason invalid_type
  jetstream-indexer dead-letters discard --older-than 90d

Reasons:
${REASONS.map((reason) => `  ${reason}`).join("\n")}`,
  async run(args, terminal): Promise<number> {
    const [action, ...rest] = args;
    const act = Object.hasOwn(ACTIONS, action ?? "") ? ACTIONS[action ?? ""] : undefined;
    if (act === undefined) {
      const hint = action === undefined ? "" : didYouMean(action, Object.keys(ACTIONS));
      throw new UsageError(`expected one of: list, show, retry, discard${hint}`);
    }
    return await act(rest, terminal);
  },
};

const ACTIONS: Readonly<
  Record<string, (args: readonly string[], terminal: Terminal) => Promise<number>>
> = { list, show, retry, discard };

async function list(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = parseOptions(args, {
    ...FILTER_OPTIONS,
    resolved: { type: "boolean" },
    limit: { type: "string", default: "50" },
    before: { type: "string" },
    ...JSON_OPTION,
  });
  const state = values.resolved ? "resolved" : "open";
  const filter: DeadLetterFilter = { ...filterOf(values), state };
  const limit = wholeNumber(values.limit, "--limit");
  const page = values.before === undefined
    ? { limit }
    : { limit, before: wholeNumber(values.before, "--before") };
  await using opened = await openDeadLetterDatabase(terminal);
  const { sql } = opened.database;
  const found = await listDeadLetters(sql, { ...filter, ...page });
  if (values.json) terminal.print(json(found));
  else if (found.length === 0) terminal.print("none");
  else {
    const total = await countDeadLetters(sql, filter);
    for (const line of deadLetterTable(found, terminal.colours)) terminal.print(line);
    terminal.print(`${found.length} of ${total} ${state}`);
  }
  if (found.length === limit) {
    terminal.complain(`older ones: --before ${found.at(-1)?.id}`);
  }
  return 0;
}

async function show(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, JSON_OPTION, WITH_WORDS);
  const [word] = words;
  if (word === undefined || words.length > 1) throw new UsageError("show takes one id");
  const id = wholeNumber(word, "an id");
  await using opened = await openDeadLetterDatabase(terminal);
  const deadLetter = await showDeadLetter(opened.database.sql, id);
  if (deadLetter === null) throw new Error(`there is no dead letter ${id}`);
  if (values.json) terminal.print(json(deadLetter));
  else {
    for (const line of deadLetterLines([deadLetter], terminal.colours)) terminal.print(line);
    const next = deadLetter.nextAttemptAt === null ? "none" : moment(deadLetter.nextAttemptAt);
    terminal.print(`attempts ${deadLetter.attempts}, next ${next}`);
    terminal.print(json(deadLetter.payload, 2));
  }
  return 0;
}

async function discard(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(
    args,
    { ...SELECTION_OPTIONS, ...JSON_OPTION },
    WITH_WORDS,
  );
  const selection = selectionOf("discard", values, words);
  await using opened = await openDeadLetterDatabase(terminal);
  const { sql } = opened.database;
  const chosen = await selectedDeadLetters(selection, sql);
  if (!isMeant("discard", selection, chosen.length, terminal, values.yes === true)) return 1;
  const count = await discardDeadLetters(sql, chosen);
  terminal.print(values.json ? json({ discarded: count }) : `discarded ${count}`);
  return count === chosen.length ? 0 : 1;
}
