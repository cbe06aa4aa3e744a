/** A real fault: the metrics that its alert reads, and the cause that the alert's section in OPERATIONS leads to. */

import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { told } from "../command_output.ts";
import { Program, type ProgramOptions } from "../crash/in_process.ts";
import { sectionOf } from "../document_section.ts";
import { repository } from "../repository_files.ts";
import { SampleEvents } from "../sample_events.ts";
import { until } from "../within.ts";

export interface Incident {
  readonly alert: string;
  /** Brings the fault about, and follows the section to its cause. */
  readonly happens: (scene: Scene) => Promise<void>;
}

/** Long enough for a machine under load. */
const SOON_MS = 45_000;

const operations = await repository("OPERATIONS.md");

export class Scene {
  readonly url: string;
  readonly sql: Sql;
  readonly events = new SampleEvents((Date.now() - 300_000) * 1000);
  readonly #section: string;

  constructor(alert: string, { url, sql }: { readonly url: string; readonly sql: Sql }) {
    this.url = url;
    this.sql = sql;
    const all = sectionOf(operations, "Alerts");
    this.#section = all.split(`\n### ${alert}\n`)[1]?.split("\n### ")[0] ?? "";
    assert.notEqual(this.#section, "", alert);
  }

  program(options: Partial<ProgramOptions> & Pick<ProgramOptions, "streamUrl">): Program {
    return new Program({ databaseUrl: this.url, ...options });
  }

  /** What the section's command prints, the program being the one that it asks. */
  async command(
    words: string,
    program: Program | null = null,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const name = words.split(" ")[0] ?? "";
    assert.ok(this.#section.includes(`indexer ${name}`), `the section names ${name}`);
    const { out, err } = await told(words.split(" "), {
      env: {
        DATABASE_URL: this.url,
        JETSTREAM_URL: "ws://127.0.0.1:1/subscribe",
        LOCATION_JITTER_SECRET: "a secret of the tests",
        ...(program === null ? {} : { METRICS_PORT: String(program.running.port) }),
        ...env,
      },
      confirm: () => true,
    });
    return [...out, ...err].join("\n");
  }

  /** The rows that a statement of the section gives: the one that begins so, with one part in place of another. */
  async statement(
    beginning: string,
    [written, here] = ["", ""],
  ): Promise<readonly Record<string, unknown>[]> {
    const all = [...this.#section.matchAll(/`(select [^`]+)`|^ *(select [^;]+);$/gm)]
      .map(([, inline, block]) => (inline ?? block ?? "").replaceAll(/\s+/g, " "));
    const text = all.find((one) => one.startsWith(beginning));
    assert.ok(text !== undefined, `the section has no statement ${beginning}: ${all.join("\n")}`);
    assert.ok(text.includes(written), text);
    return await this.sql.unsafe<Record<string, unknown>[]>(text.replace(written, here));
  }

  /** A word of the section that is found in what the program says. */
  clue(word: string, said: unknown): void {
    const text = typeof said === "string" ? said : JSON.stringify(said);
    assert.ok(this.#section.includes(word), `the section does not tell of ${word}`);
    assert.ok(text.includes(word), `nothing says ${word}: ${text.slice(0, 2_000)}`);
  }

  /** A word of the section that a command says sooner or later: its answer changes while the fault lasts. */
  async clueOf(word: string, command: string, program: Program): Promise<void> {
    let said = "";
    const isSaid = async (): Promise<boolean> => {
      said = await this.command(command, program);
      return said.includes(word);
    };
    await until(isSaid, `${command} says ${word}`, { limitMs: SOON_MS, state: () => said });
    this.clue(word, said);
  }
}

/** Waits until the series of a metric with these labels, added up, are so. */
export async function metric(
  program: Program,
  name: string,
  labels: string,
  holds: (value: number) => boolean,
): Promise<void> {
  await program.until(() => program.said("listening") > 0);
  const series = new RegExp(`^${name}(?:\\{.*${labels}.*\\})? (\\S+)$`, "gm");
  let value = 0;
  const isSo = async (): Promise<boolean> => {
    const text = await (await program.fetch("/metrics")).text();
    const found = [...text.matchAll(series)].map(([, value]) => Number(value));
    value = found.reduce((sum, one) => sum + one, 0);
    return found.length > 0 && holds(value);
  };
  const state = (): string => `it is ${value}\n${program.lastLines}`;
  await until(isSo, `${name}: ${holds}`, { limitMs: SOON_MS, everyMs: 100, state });
}
