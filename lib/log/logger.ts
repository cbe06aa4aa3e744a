/**
 * Logs: one JSON object per line, or a readable line. A logger is passed as an argument; there is no global
 * one. Objects, which could hold a record, are never printed, secrets are removed, and no text from the wire
 * can end a line or move a terminal's cursor.
 */

import { describeError } from "./describe_error.ts";
import { readableError } from "./readable_error.ts";
import { type Redact, redactor } from "./redaction.ts";

/** Levels, from the most verbose. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = typeof LOG_LEVELS[number];

/**
 * The fields of a line. Printed are strings, numbers, booleans, null, bigints, dates, arrays of these, and
 * errors (`name`, `message`, `code`); any other object only as "object". Undefined fields are left out.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Writes log lines. The message is a fixed text; what varies is a field. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface LoggerOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: "json" | "readable";
  /** Texts that are never printed. */
  readonly secrets?: readonly string[];
  /** Takes a line without its line feed. */
  readonly write: (line: string) => void;
  /** Default: the system clock, Unix milliseconds. */
  readonly now?: () => number;
}

/** A longer field is cut, so that lines stay short. */
const MAX_TEXT = 2_000;
const MAX_ITEMS = 50;

/** Field names that are never printed: bodies, places and credentials. */
const FORBIDDEN_FIELD =
  /^(record|payload|body|location|lat|lng|lon|latitude|longitude|geo|coordinates|display_?point|precise_?point|password|token|secret|authorization)$/i;

/** Characters that can end a line, move a cursor, or change the text direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\p{Bidi_Control}]/gu;

type Printable = string | number | boolean | null | readonly Printable[] | {
  readonly [key: string]: Printable;
};

/** Makes a logger. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, secrets = [], write, now = Date.now } = options;
  const redact = redactor(secrets);
  const least = LOG_LEVELS.indexOf(level);
  const render = format === "json" ? jsonLine : readableLine;

  function logAt(at: LogLevel): (message: string, fields?: Fields) => void {
    if (LOG_LEVELS.indexOf(at) < least) return nothing;
    return (message, fields = {}) => {
      const time = new Date(now()).toISOString();
      const entries: [string, Printable][] = [];
      for (const [name, value] of Object.entries(fields)) {
        if (value === undefined) continue;
        if (format === "readable" && isError(name, value) && !FORBIDDEN_FIELD.test(name)) {
          const { error, stack } = readableError(value, redact, at === "error");
          entries.push([redact(name), error]);
          if (stack !== undefined) entries.push(["stack", stack]);
        } else entries.push([redact(name), printable(name, value, redact)]);
      }
      write(render(time, at, redact(message), entries));
    };
  }

  return { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
}

function nothing(): void {}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};

function isError(name: string, value: unknown): boolean {
  return name === "error" || value instanceof Error;
}

function printable(name: string, value: unknown, redact: Redact): Printable {
  if (FORBIDDEN_FIELD.test(name)) return "[removed]";
  if (isError(name, value)) return describeError(value, redact);
  if (!Array.isArray(value)) return scalar(value, redact);
  const items: Printable[] = value.slice(0, MAX_ITEMS).map((item) => scalar(item, redact));
  if (value.length > MAX_ITEMS) items.push(`[${value.length - MAX_ITEMS} more]`);
  return items;
}

function scalar(value: unknown, redact: Redact): Printable {
  switch (typeof value) {
    case "string": {
      // Cut after redaction: half a secret would not be recognised.
      const text = redact(value);
      return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
    }
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    default:
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(+value) ? null : value.toISOString();
      return `[${typeof value}]`;
  }
}

function jsonLine(
  time: string,
  level: LogLevel,
  message: string,
  entries: [string, Printable][],
): string {
  // Our own names come first and are never overridden by a field.
  const own = new Set(["time", "level", "message"]);
  const line = Object.fromEntries([
    ["time", time],
    ["level", level],
    ["message", message],
    ...entries.map(([name, value]) => [own.has(name) ? `field_${name}` : name, value]),
  ]);
  return escapeUnprintable(JSON.stringify(line));
}

function readableLine(
  time: string,
  level: LogLevel,
  message: string,
  entries: [string, Printable][],
): string {
  const clock = time.slice(11, 23);
  const words = entries.map(([name, value]) => `${name}=${word(inBrief(value))}`);
  return escapeUnprintable([clock, level.toUpperCase().padEnd(5), message, ...words].join(" "));
}

/** Three digits of a measured number; an integer may be a position, and is shown in full. */
function inBrief(value: Printable): Printable {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function word(value: Printable): string {
  if (typeof value === "string" && /^[\w.:/@%+-]+$/.test(value)) return value;
  return JSON.stringify(value);
}

/** As JSON escapes, which are valid inside JSON strings, the only place where they can occur. */
function escapeUnprintable(line: string): string {
  return line.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
