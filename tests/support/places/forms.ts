/** Forms in which people write places, and texts that only look like one: `forms.jsonl`, one a line. */

import type { Json } from "../../../lib/decoder/json.ts";

export interface Form {
  /** What it is, for a report. */
  readonly what: string;
  /**
   * `removed`: nothing fine is left. `coarsened`: a coarse place is. `kept`: it tells no place, and
   * stays as it is. `open`: it tells one and stays all the same, as SECURITY.md says.
   */
  readonly expected: "removed" | "coarsened" | "kept" | "open";
  readonly form: Json;
  /** What is left of it under an unknown key; null when the key goes as well. */
  readonly stored?: Json;
  /** What must not be left of it, anywhere. */
  readonly secret?: readonly string[];
}

export const FORMS: readonly Form[] = Deno.readTextFileSync(
  new URL("forms.jsonl", import.meta.url),
).trim().split("\n").map((line) => JSON.parse(line));

/** The forms that tell a place which must not stay. */
export const PLACES: readonly Form[] = FORMS.filter(({ secret }) => secret !== undefined);

/** Shorter texts are part of some hash or duration by chance. */
const MIN_SEARCHED = 8;

/** What is searched for in all that a run says: what must not stay, with a little around it. */
export function searched(): { readonly name: string; readonly text: string }[] {
  const names = new Map<string, string>();
  for (const { what, form, secret = [] } of PLACES) {
    for (const text of textsOf(form)) {
      for (const part of secret) {
        const at = text.indexOf(part);
        if (at < 0) continue;
        const missing = Math.max(0, MIN_SEARCHED - part.length);
        const around = text.slice(Math.max(0, at - missing), at + part.length);
        if (around.length >= MIN_SEARCHED) names.set(around, `form: ${what}`);
      }
    }
  }
  return [...names].map(([text, name]) => ({ name, text }));
}

function textsOf(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (value === null || typeof value !== "object") return [];
  return Array.isArray(value)
    ? value.flatMap(textsOf)
    : Object.entries(value).flatMap(([key, member]) => [key, ...textsOf(member)]);
}
