/** The files in `monitoring/` match the program, and every alert says what to do. */

import assert from "node:assert/strict";
import { ARCHIVE_NOTICES } from "../../lib/client/archive/replay_observer.ts";
import { EVENTS_MAY_BE_MISSING, NOTICES } from "../../lib/client/live/stream_observer.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { REASONS } from "../../lib/reason.ts";
import { OUTCOMES } from "../../lib/repository/outcome.ts";
import { Telemetry } from "../../lib/server/telemetry/telemetry.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { alertRules, exprLines, headingSlugs } from "../support/monitoring_rules.ts";
import { programTest, repository, run } from "../support/repository_files.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const dashboardText = await repository("monitoring/grafana/dashboards/jetstream-indexer.json");
const dashboard = JSON.parse(dashboardText) as Dashboard;
const alerts = await repository("monitoring/alerts.yml");
const rules = alertRules(alerts);
const prometheus = await repository("monitoring/prometheus.yml");

const ALERT_TESTS = ["monitoring/alerts_test.yml", "monitoring/alerts_hours_test.yml"];

/** Every query of the dashboard. */
const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

/** Name and type of every metric of the program, from the program. */
async function metricsOfTheProgram(): Promise<Map<string, string>> {
  const collections = COLLECTIONS.map(({ nsid }) => nsid);
  const text = await new Telemetry({ collections, version: "0" }).metrics.text();
  const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...types].map(([, name = "", type = ""]) => [name, type]));
}

/** The metrics that a query names, histograms without the ending of their series. */
function metricsIn(query: string, known: ReadonlyMap<string, string>): string[] {
  const names = query.match(/\b(?:indexer|process)_[a-z_]+\b/g) ?? [];
  return names.map((name) => {
    const base = name.replace(/_(bucket|sum|count)$/, "");
    return known.get(base) === "histogram" ? base : name;
  });
}

Deno.test("every metric of the program has a panel", async () => {
  const metrics = await metricsOfTheProgram();
  const shown = new Set(
    dashboard.panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => metricsIn(expr, metrics))
    ),
  );
  assert(metrics.size > 30);
  assert.deepEqual([...metrics.keys()].filter((name) => !shown.has(name)), []);
});

Deno.test("dashboard and alerts name no metric that the program lacks", async () => {
  const metrics = await metricsOfTheProgram();
  const used = [...queries, ...rules.map(({ expr }) => expr)]
    .flatMap((query) => metricsIn(query, metrics));
  assert(used.length > 50);
  assert.deepEqual(used.filter((name) => !metrics.has(name)), []);
});

Deno.test("dashboard and alerts name no label value that the program lacks", () => {
  const closed: Readonly<Record<string, readonly string[]>> = {
    outcome: OUTCOMES,
    reason: REASONS,
    code: [...NOTICES, ...ARCHIVE_NOTICES],
    job: ["jetstream-indexer"],
  };
  const matchers = [...queries, ...rules.map(({ expr }) => expr)]
    .flatMap((query) => [...query.matchAll(/(\w+)(?:!=|=)"([^"]*)"/g)]);
  assert(matchers.length > 50);
  for (const [, label = "", value = ""] of matchers) {
    assert(closed[label]?.includes(value), `${label}="${value}"`);
  }
  const alternatives = rules.flatMap(({ expr }) => [...expr.matchAll(/code=~"([^"]*)"/g)])
    .flatMap(([, values = ""]) => values.split("|"));
  assert(alternatives.length > 0);
  for (const value of alternatives) assert(closed["code"]?.includes(value), value);
});

Deno.test("each panel says what it shows, and none covers another", () => {
  const cells = new Set<string>();
  const ids = new Set<number>();
  for (const { id, type, title, description, gridPos: { x, y, w, h } } of dashboard.panels) {
    assert(!ids.has(id), title);
    ids.add(id);
    assert.notEqual(title, "");
    if (type !== "row") assert.match(description ?? "", /\.$/, title);
    assert(x + w <= 24, title);
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        const cell = `${column},${row}`;
        assert(!cells.has(cell), `${title} covers another panel`);
        cells.add(cell);
      }
    }
  }
});

Deno.test("Grafana finds the data source and the dashboard where they are provisioned", async () => {
  const source = await repository("monitoring/grafana/provisioning/datasources/prometheus.yml");
  const provider = await repository(
    "monitoring/grafana/provisioning/dashboards/jetstream-indexer.yml",
  );
  const compose = await repository("docker-compose.yml");
  assert.match(source, /type: prometheus/);
  assert.match(source, /url: http:\/\/prometheus:9090\n/);
  const [, path = ""] = /path: (\S+)/.exec(provider) ?? [];
  assert(compose.includes(`./monitoring/grafana/dashboards:${path}:ro`));
  assert(compose.includes(`HOME_DASHBOARD_PATH: ${path}/jetstream-indexer.json`));
  assert(dashboardText.includes('"uid": "${datasource}"'));
});

Deno.test("Prometheus scrapes the program's port and path, with the token, under the job name that alerts use", () => {
  assert.match(prometheus, /job_name: jetstream-indexer\n\s+metrics_path: \/metrics\n/);
  assert.match(prometheus, /authorization:\n(\s+#.*\n)*\s+credentials_file: indexer_token\n/);
  assert(prometheus.includes(`["indexer:${SETTINGS.METRICS_PORT.default}"]`));
});

Deno.test("every alert says what it is, what happened, how urgent it is and what to do", async () => {
  const headings = headingSlugs(await repository("OPERATIONS.md"));
  assert(rules.length >= 10);
  for (const { name, summary, description, runbook, severity } of rules) {
    assert.match(summary, /^[A-Z].*[^.]$/, name);
    assert.match(description, /\.$/, name);
    assert(["page", "ticket"].includes(severity), name);
    assert.equal(runbook, `OPERATIONS.md#${name.toLowerCase()}`);
    assert(headings.has(name.toLowerCase()), `OPERATIONS.md has no heading ${name}`);
  }
});

Deno.test("the alert for missing events has the notices that trigger a comparison of repositories", () => {
  const { expr = "" } = rules.find(({ name }) => name === "IndexerEventsMayBeMissing") ?? {};
  const [, codes = ""] = /code=~"([^"]+)"/.exec(expr) ?? [];
  assert.deepEqual(new Set(codes.split("|")), EVENTS_MAY_BE_MISSING);
});

Deno.test("OPERATIONS.md explains only existing alerts", async () => {
  const [, section = ""] = (await repository("OPERATIONS.md")).split("\n## Alerts\n");
  const [text = ""] = section.split(/\n## /);
  const explained = [...text.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(explained, rules.map(({ name }) => name));
});

Deno.test("every alert is shown to fire and to stay silent", async () => {
  const tests = (await Promise.all(ALERT_TESTS.map(repository))).join("");
  const cases = [...tests.matchAll(/alertname: (\w+)\n\s+eval_time: \S+\n\s+exp_alerts:( \[\])?/g)];
  for (const { name } of rules) {
    const own = cases.filter(([, alert]) => alert === name);
    assert(own.some(([, , silent]) => silent === undefined), `${name} is never shown to fire`);
    assert(own.some(([, , silent]) => silent !== undefined), `${name} is never shown silent`);
  }
});

Deno.test("Alertmanager suppresses only existing alerts", async () => {
  const text = await repository("monitoring/alertmanager.yml");
  const names = [...text.matchAll(/alertname=~?"([^"]+)"/g)]
    .flatMap(([, list = ""]) => list.split("|"));
  assert(names.length > 5);
  const known = new Set(rules.map(({ name }) => name));
  assert.deepEqual(names.filter((name) => !known.has(name)), []);
});

programTest("promtool", "Prometheus accepts its configuration and the alert rules", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/prometheus.yml`, prometheus);
    await Deno.writeTextFile(`${directory}/alerts.yml`, alerts);
    await Deno.writeTextFile(`${directory}/indexer_token`, "token");
    await run("promtool", ["check", "config", `${directory}/prometheus.yml`]);
    await run("promtool", [
      "check",
      "rules",
      "--lint=all",
      "--lint-fatal",
      `${directory}/alerts.yml`,
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

programTest("promtool", "Prometheus understands every query of the dashboard", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    const recorded = queries.map((query, index) => {
      const expr = query.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*");
      return `      - record: query:${index}\n        expr: ${JSON.stringify(expr)}\n`;
    });
    await Deno.writeTextFile(
      file,
      `groups:\n  - name: dashboard\n    rules:\n${recorded.join("")}`,
    );
    await run("promtool", ["check", "rules", file]);
  } finally {
    await Deno.remove(file);
  }
});

programTest(
  "promtool",
  "each alert fires when it should and stays silent when it should",
  async () => {
    await run("promtool", ["test", "rules", ...ALERT_TESTS]);
  },
);

Deno.test("the lines of an alert's expression are read whole", () => {
  assert.equal(
    exprLines("        expr: >-\n          a > 1\n          and b\n        for: 1m\n"),
    "a > 1 and b",
  );
});
