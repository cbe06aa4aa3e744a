/**
 * One stream, processed by processes that are killed one after another. The last process is
 * not killed, and then the tables must be as if nothing had happened.
 */

import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { ReplayServer } from "../jetstream/replay_server.ts";
import { Random } from "../model/random.ts";
import { endLease } from "./end_lease.ts";
import type { Plan, Said } from "./plan.ts";
import { type Round, roundsOf } from "./rounds.ts";
import { settings } from "./settings.ts";
import { type Planned, type PlannedEnd, spawnPlanned } from "./spawned.ts";
import { assertFolded, numberedStream } from "./stream.ts";
import { until } from "../within.ts";

export interface CampaignOptions {
  /** Seed of the stream and of the points where processes are killed. */
  readonly seed: number;
  /** An empty database on a real server. */
  readonly database: { readonly url: string; readonly sql: Sql };
  readonly print: (line: string) => void;
  /** How often processes are killed at each point of a running one. Default: once. */
  readonly passes?: number;
}

/** Frames at the start of a round, and further ones until its fault happens. */
const FRAMES_AT_A_TIME = 40;

/** Average number of frames of a round. */
const FRAMES_A_ROUND = 45;

/** A process without progress for this time counts as hanging. */
const HANG_MS = 60_000;

/** Speed of the clock of a process that retries due dead letters: it checks every 0.75 s. */
const HASTE = 20;

/** Runs a campaign. Returns the points at which processes were killed. Throws on any difference. */
export async function crashCampaign(options: CampaignOptions): Promise<string[]> {
  const random = new Random(options.seed, 7);
  const rounds = roundsOf(random, options.passes ?? 1);
  const frames = numberedStream(options.seed, rounds.length * FRAMES_A_ROUND);
  options.print(`crash: seed ${options.seed}, ${frames.length} frames, ${rounds.length} kills`);
  await using server = new ReplayServer({ pingMs: 0 });
  const campaign = new Campaign(options.database, server, frames);
  const killed: string[] = [];
  for (const round of rounds) {
    await campaign.run(round);
    killed.push(round.kill.point);
  }
  await campaign.finish();
  options.print(`crash: seed ${options.seed}, equal`);
  return killed;
}

class Campaign {
  readonly #sql: Sql;
  readonly #url: string;
  readonly #server: ReplayServer;
  readonly #frames: readonly string[];
  #pushed = 0;

  constructor(
    database: { readonly sql: Sql; readonly url: string },
    server: ReplayServer,
    frames: readonly string[],
  ) {
    this.#sql = database.sql;
    this.#url = database.url;
    this.#server = server;
    this.#frames = frames;
  }

  /** Runs one process until it kills itself. */
  async run(round: Round): Promise<void> {
    const { kill, stop = null, refuses = false, retries = false } = round;
    if (refuses) await this.#sql.unsafe(REFUSE_SCENES);
    if (retries) await this.#makeLettersDue();
    const plan = { kill, stop, haste: retries ? HASTE : 1, env: this.#env() };
    // A process that was asked to stop may have nothing left to do when it gets to its point.
    for (let attempt = 1; attempt <= (stop === null ? 1 : 5); attempt++) {
      await endLease(this.#sql);
      if (!kill.point.startsWith("migration_")) this.#push();
      const ended = await this.#watch(plan, round);
      if (ended.signal === "SIGKILL" && ended.killedAt === kill.point) {
        if (refuses) await this.#sql.unsafe(REFUSE_NOTHING);
        return;
      }
      if (ended.code !== 0 || stop === null) fail(round, ended);
    }
    throw new Error(`the fault at ${kill.point} did not fire, whatever was left to drain`);
  }

  /** Runs one process to the end of the stream, and compares. */
  async finish(): Promise<void> {
    while (this.#pushed < this.#frames.length) this.#push();
    await this.#sql`update dead_letters set next_attempt_at = now()
      where resolved_at is null and reason = 'database_refused'`;
    await endLease(this.#sql);
    const plan = { kill: null, stop: null, haste: HASTE, env: this.#env() };
    await using process = spawnPlanned(plan);
    await this.#settled();
    process.signal("SIGTERM");
    const { code, lastLines } = await process.done;
    assert.equal(code, 0, lastLines.join("\n"));

    await assertFolded(this.#sql, this.#frames);
  }

  #env(): Record<string, string> {
    const more = { BATCH_MAX_EVENTS: "7", LOG_LEVEL: "warn" };
    return settings(this.#url, this.#server.url, more);
  }

  #push(): void {
    const next = this.#frames.slice(this.#pushed, this.#pushed + FRAMES_AT_A_TIME);
    this.#server.push(...next);
    this.#pushed += next.length;
  }

  /** Adds frames when a process has processed all. */
  async #watch(plan: Plan, { drops = false, retries = false }: Round): Promise<PlannedEnd> {
    let dropped = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = (said: Said): void => {
      clearTimeout(timer);
      timer = setTimeout(() => process.signal("SIGKILL"), HANG_MS);
      if (said.said !== "at") return;
      if (drops && !dropped) this.#server.dropAll();
      dropped = drops;
      // Dead letters are checked by the clock, not after every batch.
      if (retries || said.cursor < this.#pushed) return;
      if (this.#pushed < this.#frames.length) this.#push();
      else process.signal("SIGTERM");
    };
    await using process: Planned = spawnPlanned(plan, heard);
    timer = setTimeout(() => process.signal("SIGKILL"), HANG_MS);
    try {
      return await process.done;
    } finally {
      clearTimeout(timer);
    }
  }

  async #makeLettersDue(): Promise<void> {
    const { count } = await this.#sql`update dead_letters set next_attempt_at = now()
      where resolved_at is null and did is not null`;
    assert.notEqual(count, 0, "there is no dead letter to try again");
  }

  /** Resolves when the last frame is committed and no row is rejected any more. */
  async #settled(): Promise<void> {
    const isSettled = async (): Promise<boolean> => {
      const [row] = await this.#sql<{ cursor: number; refused: number }[]>`
        select coalesce((select cursor::float8 from indexer_state), 0) as cursor,
          (select count(*)::float8 from dead_letters
            where resolved_at is null and reason = 'database_refused') as refused`;
      return row?.cursor === this.#frames.length && row.refused === 0;
    };
    await until(isSettled, "the last process gets to the end of the stream", { limitMs: HANG_MS });
  }
}

const REFUSE_SCENES = `
  create or replace function refuse() returns trigger language plpgsql as $$
    begin raise exception 'refused by a test' using errcode = '22023'; end $$;
  create or replace trigger refuse before insert or update on scenes
    for each row when (new.indexer_live) execute function refuse()`;

const REFUSE_NOTHING = `drop trigger refuse on scenes`;

function fail({ kill }: Round, { code, signal, killedAt, lastLines }: PlannedEnd): never {
  throw new Error(
    `the fault at ${kill.point} (${kill.nth}) did not fire: the process ended with code ${code}, ` +
      `signal ${signal}, at ${killedAt}\n${lastLines.join("\n")}`,
  );
}
