/**
 * Lists the licences of everything in the executable, and ends with 1 when one is not accepted.
 * `deno task licences`
 */

import { type Package, packages } from "./packages.ts";

/** Ask for nothing but to be named. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "PostgreSQL",
  "Unlicense",
]);

/**
 * Accepted inside the embedded database alone: who passes an executable on passes PostGIS and GEOS
 * on, and owes their sources to whoever gets it. A service that nobody gets owes nothing.
 */
const COPYLEFT: ReadonlySet<string> = new Set(["GPL-2.0-or-later", "LGPL-2.1-or-later"]);

export function isAccepted({ licence, within }: Pick<Package, "licence" | "within">): boolean {
  if (licence === null) return false;
  const all = licence.split(" AND ");
  return all.every((one) => PERMISSIVE.has(one) || (COPYLEFT.has(one) && within !== null));
}

/** One line for each, in columns. */
export function licenceLines(list: readonly Package[]): string[] {
  return list.map((one) => {
    const { name, version, licence, within } = one;
    const where = within === null ? "" : `inside ${within}`;
    const verdict = isAccepted(one) ? "" : "NOT ACCEPTED";
    return `${name.padEnd(30)} ${version.padEnd(10)} ${
      (licence ?? "none").padEnd(20)
    } ${where}${verdict}`
      .trimEnd();
  });
}

if (import.meta.main) {
  const list = await packages();
  const lines = `${licenceLines(list).join("\n")}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(lines));
  if (!list.every(isAccepted)) Deno.exit(1);
}
