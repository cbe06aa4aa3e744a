/** PgBouncer in front of a database, as Debian has it, on a port of its own. */

import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import type { Sql } from "../../../lib/repository/connection/sql.ts";

const PROGRAM = "/usr/sbin/pgbouncer";

/** Whether it is installed here. */
export function hasPooler(): boolean {
  try {
    return Deno.statSync(PROGRAM).isFile;
  } catch {
    return false;
  }
}

export interface PoolerOptions {
  readonly mode: "transaction" | "session";
  /** Sessions of the server. */
  readonly size: number;
}

export class Pooler implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #console: Sql;
  /** The database through the pooler. */
  readonly url: string;

  private constructor(folder: string, process: Deno.ChildProcess, console: Sql, url: string) {
    this.#folder = folder;
    this.#process = process;
    this.#console = console;
    this.url = url;
  }

  static async start(databaseUrl: string, { mode, size }: PoolerOptions): Promise<Pooler> {
    const target = new URL(databaseUrl);
    const folder = await Deno.makeTempDir({ prefix: "pooler-" });
    const port = freePort();
    await Deno.writeTextFile(
      `${folder}/pgbouncer.ini`,
      `[databases]
* = host=${target.hostname} port=${target.port || 5432} user=${target.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = ${target.username}
pool_mode = ${mode}
default_pool_size = ${size}
server_idle_timeout = 2
server_round_robin = 1
`,
    );
    const isRoot = Deno.uid() === 0;
    if (isRoot) await new Deno.Command("chown", { args: ["-R", "postgres", folder] }).output();
    const words = [PROGRAM, "-q", `${folder}/pgbouncer.ini`];
    const [program = "", ...args] = isRoot ? ["runuser", "-u", "postgres", "--", ...words] : words;
    const process = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
    const url = new URL(databaseUrl);
    Object.assign(url, { hostname: "127.0.0.1", port: String(port) });
    url.searchParams.set("sslmode", "disable");
    const consoleUrl = new URL(url);
    consoleUrl.pathname = "/pgbouncer";
    const console = connect(consoleUrl.href, { max: 1, applicationName: "tests" });
    const pooler = new Pooler(folder, process, console, url.href);
    await pooler.#started();
    return pooler;
  }

  /** A command of its console: RECONNECT, PAUSE, RESUME, … */
  async command(text: string): Promise<void> {
    await this.#console.command(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    terminate(this.#console);
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #started(): Promise<void> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.command("show version");
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
