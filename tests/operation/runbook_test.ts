/** The runbook of each alert, followed with a real fault: the alert's metrics show the fault, and the runbook leads to the cause. */

import assert from "node:assert/strict";
import { databaseTest } from "../support/database.ts";
import { alertRules } from "../support/monitoring_rules.ts";
import { repository } from "../support/repository_files.ts";
import { DATABASE_INCIDENTS } from "../support/runbook/database_incidents.ts";
import { Scene } from "../support/runbook/incident.ts";
import { INSTANCE_INCIDENTS } from "../support/runbook/instance_incidents.ts";
import { RECORDS_INCIDENTS } from "../support/runbook/records_incidents.ts";
import { STREAM_INCIDENTS } from "../support/runbook/stream_incidents.ts";

const INCIDENTS = [
  ...INSTANCE_INCIDENTS,
  ...STREAM_INCIDENTS,
  ...DATABASE_INCIDENTS,
  ...RECORDS_INCIDENTS,
];

Deno.test("there is a real fault for every alert", async () => {
  const rules = alertRules(await repository("monitoring/alerts.yml"));
  assert.deepEqual(
    INCIDENTS.map(({ alert }) => alert).toSorted(),
    rules.map(({ name }) => name).toSorted(),
  );
});

for (const { alert, happens } of INCIDENTS) {
  databaseTest(
    `${alert}: the fault shows, and its runbook leads to the cause`,
    (database) => happens(new Scene(alert, database)),
    { kinds: ["server"] },
  );
}
