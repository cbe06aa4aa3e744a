/** Value types of settings: from the text of the environment to a value. */

import { z } from "zod";
import {
  DatabaseUrlError,
  parseDatabaseUrl,
  type SslMode,
} from "../repository/connection/database_url.ts";
import { Secret } from "../secret.ts";

/** An integer in decimal digits, within a range. */
export function whole(least: number, most: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,16}$/).transform(Number).pipe(z.int().min(least).max(most));
}

/** Milliseconds. Ranges end well below 2^31, above which timers fire at once. */
export function milliseconds(least: number, most: number): z.ZodType<number, string> {
  return whole(least, most);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
]);

/** A number of bytes: `67108864`, `64MiB`, `64 MiB`. */
export function bytes(least: number, most: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,16} ?(KiB|MiB|GiB)?$/)
    .transform((text) => {
      const [digits = "", unit = ""] = text.split(/ ?(?=[KMG]|$)/);
      return Number(digits) * (UNITS.get(unit) ?? NaN);
    })
    .pipe(z.int().min(least).max(most));
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, string> {
  return z.enum(["true", "false"]).transform((text) => text === "true") as z.ZodType<
    boolean,
    string
  >;
}

/** Comma-separated values: empty ones dropped, duplicates removed, at least one. */
export function list<Item>(
  item: z.ZodType<Item, string>,
  most: number,
): z.ZodType<readonly Item[], string> {
  return z.string()
    .transform((text) => [
      ...new Set(text.split(",").map((part) => part.trim()).filter((part) => part !== "")),
    ])
    .pipe(z.array(item).min(1).max(most));
}

/** A token that is valid in a header. */
export function credential(): z.ZodType<Secret, string> {
  return z.string().regex(/^[\x21-\x7e]{1,4096}$/).transform((text) => new Secret(text));
}

/** An address to listen on. */
export function host(): z.ZodType<string, string> {
  return z.union([z.ipv4(), z.ipv6(), z.string().max(253).regex(HOST_NAME)]);
}

const HOST_NAME = /^(?!\d+(\.\d+)*$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9-]{1,63})*$/;

/** Where the records are stored. */
export type Database =
  | { readonly kind: "embedded" }
  | { readonly kind: "postgres"; readonly url: Secret };

/** `postgres://…`, or `memory:` for the embedded database. */
export function databaseUrl(): z.ZodType<Database, string> {
  return z.string().transform((text, context): Database => {
    if (text === "memory:") return { kind: "embedded" };
    try {
      parseDatabaseUrl(text);
      return { kind: "postgres", url: new Secret(text) };
    } catch (error) {
      if (!(error instanceof DatabaseUrlError)) throw error;
      context.addIssue({ code: "custom", message: error.why, params: { isOurs: true } });
      return z.NEVER;
    }
  });
}

const VERIFYING_MODES: readonly SslMode[] = ["require", "verify-ca", "verify-full"];

/** Whether a root certificate has an effect: otherwise the server's certificate is not verified. */
export function verifiesServer(database: Database): boolean {
  if (database.kind === "embedded") return false;
  return VERIFYING_MODES.includes(parseDatabaseUrl(database.url.reveal()).sslMode);
}
