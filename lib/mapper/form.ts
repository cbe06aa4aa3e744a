/**
 * The forms that a collection's records have had. A record says its form in `schemaVersion`, counted from 1;
 * without it, it is of the first. An older one is made the newest, step by step, whenever it is mapped.
 */

import type { Refusal } from "../decoder/event.ts";
import type { Json, JsonObject } from "../decoder/json.ts";

export const FORM_FIELD = "schemaVersion";

/** Makes a record of one form a record of the next. */
export interface Upgrade {
  /** Fields of the older form that name other records or accounts, where the next has other names for them. */
  readonly links?: readonly string[];
  /** Also called with such fields alone. Must not change what it is given. */
  readonly apply: (record: JsonObject) => JsonObject;
}

/** A form that this program doesn't know yet. */
export interface NewerForm {
  readonly newer: number;
}

/** A record in the newest form, or why it can't be. Numbers of a form may come as the text of their digits. */
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
