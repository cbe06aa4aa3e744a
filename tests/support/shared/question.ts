/** What a test file asks the run that it belongs to, a line of JSON each, and the answers. */

import type { Schema } from "../empty_tables.ts";

/** Where the run answers: a port of 127.0.0.1. Unset where test files run without `deno task test`. */
export const PORT_SETTING = "SHARED_DATABASES_PORT";

export type DatabaseKind = "embedded" | "server";

export type Question =
  /** A database for this file alone, until its connection ends; `another`: the one before is gone. */
  | { readonly want: DatabaseKind; readonly another?: boolean }
  /** The name of a migrated database of the server, to copy from. */
  | { readonly want: "template" };

/** What the tables of a leased database are like now. It has no answer. */
export interface Told {
  readonly kind: DatabaseKind;
  readonly schema: Schema;
}

export interface Leased {
  readonly url: string;
  readonly schema: Schema;
}

export type Answer = Leased | { readonly template: string } | { readonly error: string };
