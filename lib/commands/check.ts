import { parseEndpoint } from "../client/endpoint.ts";
import { probe } from "../client/probe.ts";
import { type Config, ConfigError, readConfig, secretsOf } from "../config.ts";
import { silentLogger } from "../log/logger.ts";
import { redactor } from "../log/redaction.ts";
import { checkDatabase } from "../repository/check.ts";
import { painter } from "./colour.ts";
import type { Build, Command, Terminal } from "./command.ts";
import { openDatabase } from "./open_database.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";

/** One thing that was tried. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Allowed, but to be known. */
const NOTE = "note";

export const check: Command = {
  name: "check",
  summary: "try settings, database and stream, and say what is wrong",
  help: `usage: jetstream-indexer check [--json]

Reads the settings, connects to the database (PostGIS, rights, migrations) and to each Jetstream server,
and changes nothing. Exits with 0 when all of it works, 1 when something does not, 2 when the settings
can't be used.

  --json   print the findings, for scripts`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, { json: { type: "boolean" } });
    let config: Config;
    try {
      config = readConfig(terminal.env);
    } catch (error) {
      if (!(error instanceof ConfigError) || !values.json) throw error;
      const findings = error.problems.map(({ setting, message }) => ({
        what: setting,
        ok: false,
        detail: message,
      }));
      terminal.print(json(findings));
      return 2;
    }
    const findings = await findAll(config, terminal);
    if (values.json) terminal.print(json(findings));
    else for (const finding of findings) terminal.print(line(finding, terminal));
    return findings.every(({ ok }) => ok) ? 0 : 1;
  },
};

async function findAll(config: Config, { stop, build }: Terminal): Promise<Finding[]> {
  const redact = redactor(secretsOf(config));
  const findings: Finding[] = [
    { what: "settings", ok: true, detail: "fine" },
    ...config.notices.map((detail) => ({ what: NOTE, ok: true, detail })),
    ...await database(config, build),
  ];
  for (const url of config.jetstream.urls) {
    const endpoint = parseEndpoint(url);
    const found = await probe(endpoint, config.jetstream.wantedCollections, stop);
    findings.push({ what: `stream ${endpoint.source}`, ...found });
  }
  return findings.map((finding) => ({ ...finding, detail: redact(finding.detail) }));
}

async function database(config: Config, build: Build): Promise<Finding[]> {
  await using opened = await openDatabase(config, silentLogger, build);
  return await checkDatabase(opened.database.sql, opened.description);
}

function line({ what, ok, detail }: Finding, { colours }: Terminal): string {
  const paint = painter(colours);
  if (what === NOTE) return `${paint("warn", "note")}  ${plain(detail)}`;
  return `${ok ? paint("good", "ok  ") : paint("bad", "FAIL")}  ${what}: ${plain(detail)}`;
}
