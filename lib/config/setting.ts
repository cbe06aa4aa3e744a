/** One row of the table of settings. */

import type { z } from "zod";

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** What a value may be, as the end of the sentence "expected …". */
  readonly accepts: string;
  /** As written in the environment. Null: none. */
  readonly default: string | null;
  readonly meaning: string;
  /** Its value is never printed, not even in an error. */
  readonly secret: boolean;
  readonly schema: Schema;
}

export type Row = Omit<Setting, "schema" | "default" | "secret"> & { readonly secret?: true };

/** A setting that always has a value. */
export function setting<Output>(
  row: Row & { readonly default: string; readonly schema: z.ZodType<Output, string> },
): Setting<z.ZodPrefault<z.ZodType<Output, string>>> {
  return { secret: false, ...row, schema: row.schema.prefault(row.default) };
}

/** A setting that may be absent. */
export function optional<Output>(
  row: Row & { readonly schema: z.ZodType<Output, string> },
): Setting<z.ZodOptional<z.ZodType<Output, string>>> {
  return { secret: false, default: null, ...row, schema: row.schema.optional() };
}
