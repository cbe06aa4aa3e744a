/** The reference in OPERATIONS.md is compared with the program: every path, reason of /health and /ready, and metric. */

import assert from "node:assert/strict";
import { HEALTH_REASONS } from "../../lib/server/facts/health.ts";
import { sectionOf } from "../support/document_section.ts";
import { repository } from "../support/repository_files.ts";
import { subject } from "../support/server_subject.ts";

const operations = await repository("OPERATIONS.md");

/** The cells of each row of the tables of a section whose first cell is code. */
function rows(section: string): string[][] {
  return sectionOf(operations, section).split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
}

Deno.test("the reference names every path with its method, and no other", async () => {
  const { app, close } = subject();
  const real = app.routes.filter(({ method }) => method === "GET" || method === "POST")
    .map(({ method, path }) => `\`${method} ${path}\``);
  await close();
  const told = rows("HTTP").flatMap(([path = ""]) => path.split(", ")).filter((path) =>
    path.includes(" /")
  );
  assert.deepEqual(told.toSorted(), [...new Set(real)].toSorted());
});

Deno.test("the reference names every reason of /health and /ready, and says which /health tells", () => {
  const told = rows("HTTP").filter(([path = ""]) => /^`[a-z_]+`$/.test(path));
  const expected = HEALTH_REASONS.map((
    { code, unhealthy },
  ) => [`\`${code}\``, unhealthy ? "`/health`, `/ready`" : "`/ready`"]);
  assert.deepEqual(told.map(([code, where]) => [code, where]), expected);
});

Deno.test("the reference lists every metric with its type, labels and meaning, and no other", async () => {
  const { telemetry, close } = subject();
  const text = await telemetry.metrics.text();
  await close();
  const expected = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)]
    .map(([, name = "", help = "", type = ""]) => {
      const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*?)\\} `, "gm"))];
      const labels = series.flatMap(([, all = ""]) =>
        [...all.matchAll(/(?:^|,)(\w+)="/g)].map(([, label = ""]) => label)
      );
      const own = [...new Set(labels)].filter((label) => label !== "le");
      return `| \`${name}\` | ${type} | ${
        own.map((label) => `\`${label}\``).join(", ")
      } | ${help} |`;
    }).toSorted();
  const told = sectionOf(operations, "Metrics").split("\n")
    .filter((line) => line.startsWith("| `")).toSorted();
  assert.deepEqual(told, expected);
});
