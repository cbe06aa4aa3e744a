import assert from "node:assert/strict";
import { crashCampaign } from "../support/crash/campaign.ts";
import { databaseTest } from "../support/database.ts";

/** A seed from the date, unless one is set. */
const SEED = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000_000);

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

databaseTest(
  "after a process was repeatedly killed anywhere, the tables equal the model's",
  async (database) => {
    const killed = await crashCampaign({ seed: SEED, database, print });
    assert.ok(new Set(killed).size >= 12, killed.join(" "));
  },
  { kinds: ["server"], content: "empty" },
);
