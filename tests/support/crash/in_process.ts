/** The whole program in the process of a test, with its log. */

import { outcomeTotals } from "../../../lib/server/facts/counts.ts";
import { type RunHooks, runIndexer, type Running } from "../../../lib/commands/run.ts";
import { settings } from "./settings.ts";
import type { OutcomeCounts } from "../../../lib/repository/outcome.ts";
import { within } from "../within.ts";

export interface ProgramOptions extends RunHooks {
  readonly databaseUrl: string;
  readonly streamUrl: string;
  /** Settings in addition to those that every test needs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A line of its log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

interface Waiter {
  readonly met: () => boolean;
  readonly resolve: () => void;
}

/** Longer than any successful wait of a test. */
const HANG_MS = 60_000;

export class Program implements AsyncDisposable {
  readonly log: LogLine[] = [];
  /** Its exit code. */
  readonly done: Promise<number>;
  readonly #stop = new AbortController();
  #waiters: Waiter[] = [];
  #running: Running | null = null;

  constructor({ databaseUrl, streamUrl, env = {}, ...hooks }: ProgramOptions) {
    this.done = runIndexer({
      env: settings(databaseUrl, streamUrl, env),
      build: { version: "0.0.0", commit: null, embeddedDatabase: true },
      colours: false,
      print: (line) => this.#print(line),
      complain: (line) => this.#print(line),
      stop: this.#stop.signal,
    }, {
      ...hooks,
      started: (running) => {
        this.#running = running;
        hooks.started?.(running);
        this.#look();
      },
      committed: () => {
        hooks.committed?.();
        this.#look();
      },
    });
  }

  get running(): Running {
    if (this.#running === null) throw new Error("the program has not started");
    return this.#running;
  }

  /** The newest committed position. */
  get cursor(): number {
    return this.#running?.telemetry.facts.position?.cursor ?? 0;
  }

  /** Outcomes so far. */
  get counts(): OutcomeCounts {
    return outcomeTotals(this.running.telemetry.facts.counts);
  }

  /** How often a message was logged. */
  said(message: string): number {
    return this.log.filter((line) => line.message === message).length;
  }

  /** Resolves when a condition holds. It is checked whenever the program commits, logs or passes a fault point. */
  async until(met: () => boolean, what = String(met)): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#waiters.push({ met, resolve });
      this.#look();
    });
    const ended = this.done.then((code) => {
      if (met()) return;
      throw new Error(`the program ended with ${code} before: ${what}\n${this.lastLines}`);
    });
    await this.#within(Promise.race([reached, ended]), what);
  }

  /** Resolves when that position is committed. */
  committed(cursor: number): Promise<void> {
    return this.until(() => this.cursor >= cursor, `position ${cursor} is committed`);
  }

  /** Checks the awaited conditions again. */
  look(): void {
    this.#look();
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { port } = this.running;
    return await fetch(`http://127.0.0.1:${port}${path}`, init);
  }

  /** The value of a series in `/metrics`, as text; null when it is absent. */
  async metric(series: string): Promise<number | null> {
    const text = await (await this.fetch("/metrics")).text();
    const line = text.split("\n").find((line) => line.startsWith(`${series} `));
    return line === undefined ? null : Number(line.slice(series.length + 1));
  }

  /** Asks it to stop. Returns its exit code. */
  stop(): Promise<number> {
    this.#stop.abort(new Error("asked to stop"));
    return this.#within(this.done, "the end of the program after its stop");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #within<T>(waiting: Promise<T>, what: string): Promise<T> {
    return within(waiting, what, { limitMs: HANG_MS, state: () => this.lastLines });
  }

  get lastLines(): string {
    return this.log.slice(-20).map((line) => JSON.stringify(line)).join("\n");
  }

  #print(line: string): void {
    this.log.push(JSON.parse(line));
    this.#look();
  }

  #look(): void {
    const met = this.#waiters.filter((waiter) => waiter.met());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}
