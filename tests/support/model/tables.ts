/**
 * What the tables must contain, in a common form for the model and the database,
 * and the difference between two of them in words.
 */

import { isDeepStrictEqual } from "node:util";

/** A column's value: text, number, truth, null, or JSON. A parent is its AT-URI, a time its text. */
export type Value = unknown;

export type Row = ReadonlyMap<string, Value>;

export interface LedgerRow {
  readonly rev: string;
  readonly idempotencyKey: string;
  readonly state: string;
  /** Any of these is right; `*` is any reason at all; empty where the state has none. */
  readonly reasons: readonly string[];
  /** Any of these is right; empty where it must be null. */
  readonly waitingFor: readonly string[];
}

export interface AccountRow {
  readonly handle: string | null;
  readonly active: boolean;
  readonly status: string | null;
}

/** An open dead letter. A frame that couldn't be decoded has neither key nor revision. */
export interface DeadLetter {
  readonly uri: string | null;
  readonly rev: string | null;
  readonly reasons: readonly string[];
}

export interface Tables {
  /** Live rows by table, then by AT-URI. */
  readonly products: ReadonlyMap<string, ReadonlyMap<string, Row>>;
  readonly ledger: ReadonlyMap<string, LedgerRow>;
  readonly accounts: ReadonlyMap<string, AccountRow>;
  readonly deadLetters: readonly DeadLetter[];
}

/** Every difference, one line each; empty when the tables are equal. */
export function differences(expected: Tables, actual: Tables): string[] {
  const lines: string[] = [];
  const tables = new Set([...expected.products.keys(), ...actual.products.keys()]);
  for (const table of tables) {
    const none: ReadonlyMap<string, Row> = new Map();
    const [wanted, found] = [expected.products.get(table), actual.products.get(table)];
    lines.push(...mapDifferences(table, wanted ?? none, found ?? none, rowDifferences));
  }
  lines.push(...mapDifferences("records", expected.ledger, actual.ledger, ledgerDifferences));
  const accounts = [withoutDefaults(expected.accounts), withoutDefaults(actual.accounts)] as const;
  lines.push(...mapDifferences("accounts", accounts[0], accounts[1], accountDifferences));
  lines.push(...deadLetterDifferences(expected.deadLetters, actual.deadLetters));
  return lines;
}

/** Whether a found reason is one of the right ones. Both sides may name several. */
function sameReasons(expected: readonly string[], actual: readonly string[]): boolean {
  if (expected.length === 0 || actual.length === 0) return expected.length === actual.length;
  if (expected.includes("*") || actual.includes("*")) return true;
  return expected.some((reason) => actual.includes(reason));
}

/** An account row that says nothing but "active" is the same as none. */
function withoutDefaults(accounts: ReadonlyMap<string, AccountRow>): Map<string, AccountRow> {
  const says = (row: AccountRow): boolean => row.handle !== null || !row.active;
  return new Map([...accounts].filter(([, row]) => says(row)));
}

function mapDifferences<T>(
  table: string,
  expected: ReadonlyMap<string, T>,
  actual: ReadonlyMap<string, T>,
  compare: (expected: T, actual: T) => string[],
): string[] {
  const lines: string[] = [];
  for (const key of [...new Set([...expected.keys(), ...actual.keys()])].sort()) {
    const [wanted, found] = [expected.get(key), actual.get(key)];
    if (wanted === undefined) {
      lines.push(`${table} ${key}: must not be there, found ${show(found)}`);
    } else if (found === undefined) {
      lines.push(`${table} ${key}: is missing, must be ${show(wanted)}`);
    } else lines.push(...compare(wanted, found).map((line) => `${table} ${key}: ${line}`));
  }
  return lines;
}

function rowDifferences(expected: Row, actual: Row): string[] {
  const lines: string[] = [];
  for (const [column, wanted] of expected) {
    const found = actual.get(column);
    if (!isDeepStrictEqual(wanted, found)) {
      lines.push(`${column} must be ${show(wanted)}, found ${show(found)}`);
    }
  }
  return lines;
}

function ledgerDifferences(expected: LedgerRow, actual: LedgerRow): string[] {
  const same = expected.rev === actual.rev && expected.state === actual.state &&
    expected.idempotencyKey === actual.idempotencyKey &&
    sameReasons(expected.waitingFor, actual.waitingFor) &&
    sameReasons(expected.reasons, actual.reasons);
  return same ? [] : [`must be ${show(expected)}, found ${show(actual)}`];
}

function accountDifferences(expected: AccountRow, actual: AccountRow): string[] {
  return isDeepStrictEqual(expected, actual)
    ? []
    : [`must be ${show(expected)}, found ${show(actual)}`];
}

function deadLetterDifferences(
  expected: readonly DeadLetter[],
  actual: readonly DeadLetter[],
): string[] {
  const fits = expected.map((wanted) =>
    actual.flatMap((found, place) =>
      found.uri === wanted.uri && found.rev === wanted.rev &&
        sameReasons(wanted.reasons, found.reasons)
        ? [place]
        : []
    )
  );
  // Several reasons may be right for one frame, so pairs are found by augmenting paths, not greedily.
  const taken = new Map<number, number>();
  const pair = (wanted: number, tried: Set<number>): boolean => {
    for (const place of fits[wanted] ?? []) {
      if (tried.has(place)) continue;
      tried.add(place);
      const holder = taken.get(place);
      if (holder !== undefined && !pair(holder, tried)) continue;
      taken.set(place, wanted);
      return true;
    }
    return false;
  };
  const lonely = expected.filter((_, wanted) => !pair(wanted, new Set()));
  const surplus = actual.filter((_, place) => !taken.has(place));
  return [
    ...lonely.map((wanted) => `dead_letters: no open one for ${show(wanted)}`),
    ...surplus.map((found) => `dead_letters: must not be open: ${show(found)}`),
  ];
}

function show(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, inner) => inner instanceof Map ? Object.fromEntries(inner) : inner,
  );
  return text === undefined ? "nothing" : text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
