/** What a statement reads, by Postgres' own plan. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
}

function* nodes(plan: Plan): Generator<Plan> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodes(child);
}

/** The tables that a statement reads from one end to the other. */
export async function readWhole(sql: Sql, text: string): Promise<string[]> {
  const [explained] = await sql.unsafe<{ "QUERY PLAN": [{ Plan: Plan }] }[]>(
    `explain (format json) ${text}`,
  );
  assert.ok(explained !== undefined);
  return [...nodes(explained["QUERY PLAN"][0].Plan)]
    .filter((node) => node["Node Type"] === "Seq Scan")
    .map((node) => node["Relation Name"] ?? "");
}
