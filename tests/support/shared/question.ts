/** What a test file asks the run that it belongs to, a line of JSON each, and the answers. */

import type { Schema } from "../empty_tables.ts";

/** Where the run answers: a port of 127.0.0.1. Unset where test files run without `deno task test`. */
export const PORT_SETTING = "SHARED_DATABASES_PORT";

export type Question =
  /** An embedded database for this file alone, until its connection ends. */
  | { readonly want: "embedded" }
  /** The name of a migrated database of the server, to copy from. */
  | { readonly want: "template" };

/** What the tables of the leased database are like now. It has no answer. */
export interface Told {
  readonly schema: Schema;
}

export interface Leased extends Told {
  readonly url: string;
}

export type Answer = Leased | { readonly template: string } | { readonly error: string };
