import assert from "node:assert/strict";
import { crashCampaign } from "../support/crash/campaign.ts";
import { databaseTest } from "../support/database.ts";
import { seeded } from "../support/fresh_seeds.ts";

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

databaseTest(
  "after a process was repeatedly killed anywhere, the tables equal the model's",
  seeded(async (seed, database) => {
    const killed = await crashCampaign({ seed, database, print });
    assert.ok(new Set(killed).size >= 12, killed.join(" "));
  }),
  { kinds: ["server"], content: "empty" },
);
