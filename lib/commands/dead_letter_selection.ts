/** Which dead letters a command line selects, and the confirmation. */

import { openDeadLetterIds } from "../repository/dead_letters/dead_letters.ts";
import {
  type DeadLetterFilter,
  FilterError,
  readFilter,
} from "../repository/dead_letters/dead_letter_filter.ts";
import type { Sql } from "../repository/connection/sql.ts";
import { type Terminal, UsageError } from "./command.ts";
import { wholeNumber } from "./options.ts";

export const FILTER_OPTIONS = {
  reason: { type: "string" },
  collection: { type: "string" },
  did: { type: "string" },
  "older-than": { type: "string" },
  "newer-than": { type: "string" },
} as const;

export const SELECTION_OPTIONS = {
  ...FILTER_OPTIONS,
  all: { type: "boolean" },
  yes: { type: "boolean" },
} as const;

type FilterValues = { readonly [Name in keyof typeof FILTER_OPTIONS]?: string | undefined };

/** The filter of the options. */
export function filterOf(values: FilterValues): DeadLetterFilter {
  const { reason, collection, did } = values;
  const written = {
    reason,
    collection,
    did,
    olderThan: values["older-than"],
    newerThan: values["newer-than"],
  };
  try {
    return readFilter(written, new Date());
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const given = JSON.stringify(written[error.part]);
    if (error.part === "reason") {
      throw new UsageError(`there is no reason ${given}; expected ${error.accepts}`);
    }
    const option = error.part.replace("Than", "-than");
    throw new UsageError(`cannot use ${given} as --${option}: expected ${error.accepts}`);
  }
}

/** Given ids, or the dead letters that match a filter. */
export type Selection = { readonly ids: readonly number[] } | { readonly filter: DeadLetterFilter };

/** Exactly one of: ids, a filter, --all. */
export function selectionOf(
  action: "retry" | "discard",
  values: FilterValues & { readonly all?: boolean | undefined },
  words: readonly string[],
): Selection {
  const ids = words.map((word) => wholeNumber(word, "an id"));
  const filter = filterOf(values);
  const given = [ids.length > 0, Object.keys(filter).length > 0, values.all === true];
  if (given.filter(Boolean).length !== 1) {
    throw new UsageError(
      `${action} takes ids, or --reason, or --all, or another filter ` +
        "(--collection, --did, --older-than, --newer-than)",
    );
  }
  return ids.length > 0 ? { ids } : { filter };
}

/** The dead letters with the given ids, or all open ones that match the filter, oldest first. */
export async function selectedDeadLetters(
  selection: Selection,
  sql: Sql,
): Promise<readonly number[]> {
  return "ids" in selection
    ? selection.ids
    : await openDeadLetterIds(sql, selection.filter, Number.MAX_SAFE_INTEGER);
}

/** Says how many dead letters match a filter, and asks a person for confirmation. */
export function isMeant(
  action: "retry" | "discard",
  selection: Selection,
  count: number,
  { confirm, complain }: Terminal,
  yes: boolean,
): boolean {
  if ("ids" in selection || count === 0) return true;
  const what = `${count} dead ${count === 1 ? "letter" : "letters"}`;
  if (yes || (confirm === undefined && action === "retry")) {
    complain(`${action}: ${what}`);
    return true;
  }
  if (confirm === undefined) {
    throw new UsageError(`cannot ask whether to discard ${what}: expected --yes`);
  }
  if (confirm(`${action} ${what}?`)) return true;
  complain("nothing was done");
  return false;
}
