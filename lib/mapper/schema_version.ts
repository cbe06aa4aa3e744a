/**
 * The forms of a collection's records over time. A record has its form in `schemaVersion`, counted from 1;
 * without it, it has the first form. An older record is converted to the newest form, step by step, whenever
 * it is mapped.
 */

import type { Refusal } from "../decoder/event.ts";
import type { Json, JsonObject } from "../decoder/json.ts";

export const FORM_FIELD = "schemaVersion";

/** Converts a record of one form to the next. */
export interface Upgrade {
  /** Fields of the older form that name other records or accounts and have other names in the next form. */
  readonly links?: readonly string[];
  /** Also called with only such fields. Must not change its input. */
  readonly apply: (record: JsonObject) => JsonObject;
}

/** A form that this program doesn't know yet. */
export interface NewerForm {
  readonly newer: number;
}

/**
 * A record in the newest form, or why that is impossible. The number of a form may be the text of its digits.
 */
export function newestForm(
  record: JsonObject,
  upgrades: readonly Upgrade[],
): { readonly record: JsonObject } | NewerForm | Refusal {
  const form = formOf(Object.hasOwn(record, FORM_FIELD) ? record[FORM_FIELD] : null);
  if (form === null) {
    return {
      reason: "out_of_range",
      detail: `${FORM_FIELD}: expected a whole number from 1`,
    };
  }
  if (form > upgrades.length + 1) return { newer: form };
  const steps = upgrades.slice(form - 1);
  return { record: steps.reduce((record, { apply }) => apply(record), record) };
}

function formOf(value: Json | undefined): number | null {
  if (value === undefined || value === null) return 1;
  return /^[1-9]\d{0,5}$/.test(String(value)) && typeof value !== "object" ? Number(value) : null;
}
