import { parseEndpoint } from "../client/endpoint.ts";
import { probe } from "../client/live/probe.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";
import { secretsIn } from "../config/secrets.ts";
import { usablePart } from "../config/usable_part.ts";
import { silentLogger } from "../log/logger.ts";
import { redactor } from "../log/redaction.ts";
import { checkDatabase } from "../repository/schema/check_database.ts";
import { painter } from "./colour.ts";
import type { Build, Command, Terminal } from "./command.ts";
import { openDatabase } from "./open_database.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";

/** The result of one check. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** For a finding that is allowed but worth knowing. */
const NOTE = "note";

export const check: Command = {
  name: "check",
  summary: "check settings, database and stream",
  help: `usage: jetstream-indexer check [--json]

Checks the settings, the database (PostGIS, rights,
migrations) and each Jetstream server without changing
anything. Exits with 0 when all of it works, 1 when
something does not, 2 when settings are invalid: then it
checks what the valid ones configure.

  --json   print the findings, for scripts

Example:
  jetstream-indexer check --json`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, { json: { type: "boolean" } });
    const tell = (findings: readonly Finding[]): void => {
      if (values.json) terminal.print(json(findings));
      else for (const finding of findings) terminal.print(line(finding, terminal));
    };
    try {
      const config = readConfig(terminal.env);
      const findings = [FINE, ...await findAll(config, terminal)];
      tell(findings);
      return findings.every(({ ok }) => ok) ? 0 : 1;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const wrong = error.problems.map(({ setting, message }) => (
        { what: setting, ok: false, detail: message }
      ));
      const found = await findWhatCanBeTried(error, terminal);
      if (!values.json) {
        tell(found);
        throw error;
      }
      tell([...wrong, ...found]);
      return 2;
    }
  },
};

const FINE: Finding = { what: "settings", ok: true, detail: "fine" };

async function findAll(config: Config, terminal: Terminal): Promise<Finding[]> {
  const notes = config.notices.map((detail) => ({ what: NOTE, ok: true, detail }));
  return redacted(terminal, [
    ...notes,
    ...await database(config, terminal.build),
    ...await streams(config, terminal),
  ]);
}

/** Checks database and stream, as far as their settings are valid. */
async function findWhatCanBeTried(
  { problems }: ConfigError,
  terminal: Terminal,
): Promise<Finding[]> {
  const { config, tried } = usablePart(terminal.env, problems);
  return redacted(terminal, [
    ...tried("DATABASE_URL") ? await database(config, terminal.build) : [],
    ...tried("JETSTREAM_URL") ? await streams(config, terminal) : [],
  ]);
}

function redacted({ env }: Terminal, findings: readonly Finding[]): Finding[] {
  const redact = redactor(secretsIn(env));
  return findings.map((finding) => ({ ...finding, detail: redact(finding.detail) }));
}

async function streams(config: Config, { stop }: Terminal): Promise<Finding[]> {
  const { urls, wantedCollections, wantedDids, rootCertificates } = config.jetstream;
  const filter = { collections: wantedCollections, dids: wantedDids };
  const findings: Finding[] = [];
  for (const url of urls) {
    const endpoint = parseEndpoint(url);
    const found = await probe(endpoint, { filter, caCerts: rootCertificates, stop });
    findings.push({ what: `stream ${endpoint.source}`, ...found });
  }
  return findings;
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
