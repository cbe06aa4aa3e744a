/** `dead-letters retry`. */

import { retryDeadLetters } from "../indexer/manual_retry.ts";
import type { Terminal } from "./command.ts";
import { openDeadLetterDatabase } from "./dead_letter_database.ts";
import {
  isMeant,
  selectedDeadLetters,
  SELECTION_OPTIONS,
  selectionOf,
} from "./dead_letter_selection.ts";
import { ownIndexer } from "./own_indexer.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";

/** Dead letters per transaction. */
const CHUNK = 100;

export async function retry(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, words } = parseOptions(args, {
    ...SELECTION_OPTIONS,
    json: { type: "boolean" },
  }, { words: true });
  const selection = selectionOf("retry", values, words);
  await using opened = await openDeadLetterDatabase(terminal);
  const { config, database, logger } = opened;
  const chosen = await selectedDeadLetters(selection, database.sql);
  if (!isMeant("retry", selection, chosen.length, terminal, values.yes === true)) return 1;
  const indexer = ownIndexer(config, database, logger, terminal.build);
  const unresolved: { readonly id: number; readonly why: string }[] = [];
  let seen = 0;
  let tried = 0;
  let resolved = 0;
  while (seen < chosen.length && !terminal.stop.aborted) {
    const chunk = chosen.slice(seen, seen + CHUNK);
    const result = await retryDeadLetters(
      indexer.deadLetterRetries,
      database.sql,
      chunk,
      terminal.stop,
    )
      .catch((error: unknown) => {
        // Uncommitted retries changed nothing.
        if (terminal.stop.aborted) return null;
        throw error;
      });
    if (result === null) break;
    seen += chunk.length;
    tried += result.tried;
    resolved += result.resolved;
    unresolved.push(...result.letters);
    if (!values.json) {
      for (const { id, why } of result.letters) terminal.print(`${id}  ${plain(why)}`);
    }
    if (chosen.length > CHUNK) {
      terminal.complain(`${seen} of ${chosen.length}, resolved ${resolved}`);
    }
  }
  const unseen = chosen.length - seen;
  const left = seen - tried;
  if (values.json) terminal.print(json({ tried, resolved, left, unseen, letters: unresolved }));
  else {
    terminal.print(
      `tried ${tried}, resolved ${resolved}` +
        (left > 0 ? `; ${left} could not be retried` : "") +
        (unseen > 0 ? `; stopped before the last ${unseen}` : ""),
    );
  }
  return unseen > 0 ? 1 : 0;
}
