/** Forms in which people write places, and texts that only look like one: `forms.jsonl`, one a line. */

import type { Json } from "../../lib/decoder/json.ts";

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
