/** Forms that settings are written in: from the text of the environment to a value. */

import { z } from "zod";
import { Secret } from "./secret.ts";

/** A whole number in decimal digits, within a range. */
export function whole(least: number, most: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,16}$/).transform(Number).pipe(z.int().min(least).max(most));
}

/** Milliseconds. Ranges end well below 2^31, from where on timers fire at once. */
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

/** Comma-separated values, empty ones left out, each kept once, one at least. */
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

/** A token that can be a header's value. */
export function credential(): z.ZodType<Secret, string> {
  return z.string().regex(/^[\x21-\x7e]{1,4096}$/).transform((text) => new Secret(text));
}

/** An address to listen on. */
export function host(): z.ZodType<string, string> {
  return z.union([z.ipv4(), z.ipv6(), z.string().max(253).regex(HOST_NAME)]);
}

const HOST_NAME = /^(?!\d+(\.\d+)*$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9-]{1,63})*$/;

/** What libpq knows. */
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** Where the records go. */
export type Database =
  | { readonly kind: "embedded" }
  | { readonly kind: "postgres"; readonly url: Secret };

/** `postgres://…`, or `memory:` for the embedded database. */
export function databaseUrl(): z.ZodType<Database, string> {
  return z.string().refine((text) => text === "memory:" || isPostgresUrl(text))
    .transform((text): Database =>
      text === "memory:" ? { kind: "embedded" } : { kind: "postgres", url: new Secret(text) }
    );
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "") return false;
  try {
    decodeURIComponent(url.username + url.password + url.pathname);
  } catch {
    return false;
  }
  const mode = url.searchParams.get("sslmode");
  return mode === null || SSL_MODES.includes(mode);
}
