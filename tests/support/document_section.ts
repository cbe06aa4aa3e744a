/** Parts of a Markdown text. */

import assert from "node:assert/strict";

/** The section under a heading of the second level. */
export function sectionOf(text: string, heading: string): string {
  const [, after] = `\n${text}`.split(`\n## ${heading}\n`);
  assert.ok(after !== undefined, `no section ${heading}`);
  return after.split("\n## ")[0] ?? "";
}

/** The statements of its SQL blocks, without their comments. */
export function statementsOf(text: string): string[] {
  return [...text.matchAll(/```sql\n([^]*?)```/g)]
    .flatMap(([, block = ""]) => block.replaceAll(/^--.*$/gm, "").split(";"))
    .map((statement) => statement.trim()).filter((statement) => statement !== "");
}
