/** Real processes that share the partitions of one database, and the faults that a seed selects. */

import { settings } from "../crash/settings.ts";
import { type Planned, spawnPlanned } from "../crash/spawned.ts";
import { DatabaseProxy } from "../faults/database_proxy.ts";
import type { Random } from "../model/random.ts";
import { until } from "../within.ts";

export interface FleetOptions {
  readonly databaseUrl: string;
  readonly streamUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly random: Random;
}

async function connected(proxy: DatabaseProxy): Promise<void> {
  await until(() => proxy.connections > 0, "a process connects to its database");
}

/** How far clocks are ahead of the machine's: an hour behind, right, a day ahead. */
const SKEWS_MS = [-3_600_000, 0, 86_400_000];

export const FAULTS = ["kill", "suspend", "leave", "cut", "hang", "slow"] as const;
type Fault = typeof FAULTS[number];

interface Member extends AsyncDisposable {
  readonly process: Planned;
  readonly proxy: DatabaseProxy;
}

export class Fleet implements AsyncDisposable {
  readonly #options: FleetOptions;
  #members: Member[] = [];
  /** What was done. */
  readonly done: string[] = [];
  /** Those that were suspended, and can be woken. */
  readonly #suspended = new Set<Member>();
  /** Faults that have happened. */
  readonly fired = new Map<Fault, number>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.length;
  }

  join(): void {
    const { databaseUrl, streamUrl, env, random } = this.#options;
    const proxy = DatabaseProxy.start(databaseUrl);
    const haste = random.pick([1, 1, 3]);
    const aheadMs = random.pick(SKEWS_MS);
    const process = spawnPlanned({
      kill: null,
      stop: null,
      haste,
      aheadMs,
      env: settings(proxy.url, streamUrl, env),
    });
    this.done.push(`join ${process.pid}, clock times ${haste}, ${aheadMs} ms ahead`);
    this.#members.push({
      process,
      proxy,
      async [Symbol.asyncDispose](): Promise<void> {
        process.signal("SIGCONT");
        await process[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    });
  }

  /** Applies a fault to one of the processes. At least one is left unharmed. */
  async harm(fault: Fault): Promise<void> {
    const { random } = this.#options;
    const well = (): Member[] => this.#members.filter((member) => !this.#suspended.has(member));
    if (well().length < 2) this.heal();
    while (well().length < 2) this.join();
    const member = random.pick(well());
    this.done.push(`${fault} ${member.process.pid}`);
    const fires = (happened = true): void => {
      if (happened) this.fired.set(fault, (this.fired.get(fault) ?? 0) + 1);
    };
    switch (fault) {
      case "kill":
        member.process.signal("SIGKILL");
        await member.process.done;
        fires();
        await this.#gone(member);
        break;
      case "leave":
        member.process.signal("SIGTERM");
        await member.process.done;
        fires();
        await this.#gone(member);
        break;
      case "suspend":
        member.process.signal("SIGSTOP");
        this.#suspended.add(member);
        fires();
        break;
      case "cut":
        await connected(member.proxy);
        fires(member.proxy.cut().hasFired);
        break;
      case "hang": {
        const hang = member.proxy.hang();
        await Promise.race([hang.fired, new Promise((resolve) => setTimeout(resolve, 5_000))]);
        fires(hang.hasFired);
        this.#suspended.add(member);
        break;
      }
      case "slow":
        member.proxy.delay(random.between(5, 50));
        fires();
        break;
    }
  }

  /** Resumes suspended processes, and repairs all links. */
  heal(): void {
    for (const { process, proxy } of this.#members) {
      process.signal("SIGCONT");
      proxy.heal();
    }
    this.#suspended.clear();
  }

  async #gone(member: Member): Promise<void> {
    this.#members = this.#members.filter((other) => other !== member);
    await member[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()));
  }
}
