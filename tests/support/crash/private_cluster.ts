/** A test's own Postgres server, which may be stopped, killed and started again. */

import type { Certificate } from "../certificates.ts";

/** How a server ends. `immediate`: as by a crash, but in order. `killed`: SIGKILL to its first process. */
export type End = "fast" | "immediate" | "killed";

const VERSIONS = "/usr/lib/postgresql";

/** Where the server's programs are, with PostGIS beside them; null where they are not. */
export function serverPrograms(): string | null {
  try {
    const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => name);
    const withPostgis = versions.filter((name) =>
      isThere(`${VERSIONS}/${name}/bin/initdb`) &&
      isThere(`/usr/share/postgresql/${name}/extension/postgis.control`)
    );
    const newest = withPostgis.toSorted((a, b) => Number(b) - Number(a))[0];
    return newest === undefined ? null : `${VERSIONS}/${newest}/bin`;
  } catch {
    return null;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A crash of the machine is not tested, so data that the kernel has counts as safe. */
const CONFIGURATION = `
listen_addresses = '127.0.0.1'
fsync = off
shared_buffers = 16MB
max_connections = 30
log_min_messages = fatal
`;

export class PrivateCluster implements AsyncDisposable {
  readonly #programs: string;
  readonly #folder: string;
  readonly #port: number;

  private constructor(programs: string, folder: string, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.#port = port;
  }

  /** Makes and starts one. */
  static async create(programs: string): Promise<PrivateCluster> {
    const cluster = await PrivateCluster.#empty(programs);
    // Not from the environment, which may name no encoding.
    const text = ["-E", "UTF8", "--locale", "C.UTF-8"];
    const data = ["-D", cluster.data, "-A", "trust", "-U", "postgres", "-N"];
    await cluster.#run("initdb", ...data, ...text);
    await Deno.writeTextFile(`${cluster.data}/postgresql.auto.conf`, CONFIGURATION);
    await cluster.start();
    return cluster;
  }

  /** Offers TLS, and requires a password for one role. */
  async offerTls({ cert, key }: Certificate, role: string): Promise<void> {
    await Deno.writeTextFile(`${this.data}/server.crt`, cert);
    await Deno.writeTextFile(`${this.data}/server.key`, key, { mode: 0o600 });
    if (isRoot()) await execute(["chown", "postgres", `${this.data}/server.key`]);
    const rules = await Deno.readTextFile(`${this.data}/pg_hba.conf`);
    const rule = `host all ${role} all scram-sha-256\n`;
    await Deno.writeTextFile(`${this.data}/pg_hba.conf`, rule + rules);
    await Deno.writeTextFile(`${this.data}/postgresql.auto.conf`, `${CONFIGURATION}ssl = on\n`);
    await this.#run("pg_ctl", "-D", this.data, "reload");
  }

  /** Makes and starts a standby that follows another one. */
  static async follow(primary: PrivateCluster): Promise<PrivateCluster> {
    const cluster = await PrivateCluster.#empty(primary.#programs);
    await cluster.#run(
      "pg_basebackup",
      "-D",
      cluster.data,
      "-R",
      "-N",
      "-c",
      "fast",
      "-d",
      primary.url,
    );
    await cluster.start();
    return cluster;
  }

  static async #empty(programs: string): Promise<PrivateCluster> {
    const folder = await Deno.makeTempDir({ prefix: "cluster-" });
    if (isRoot()) await execute(["chown", "postgres", folder]);
    return new PrivateCluster(programs, folder, freePort());
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.#run("pg_ctl", "-D", this.data, "-w", "promote");
  }

  /** The URL of the empty database `postgres`. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** Where its data is. */
  get data(): string {
    return `${this.#folder}/data`;
  }

  async start(): Promise<void> {
    // Processes of a killed server keep its shared memory for a moment.
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#start();
      } catch (error) {
        if (attempt === 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  async end(how: End): Promise<void> {
    if (how !== "killed") {
      await this.#run("pg_ctl", "-D", `${this.#folder}/data`, "-m", how, "-w", "stop");
      return;
    }
    const lockFile = await Deno.readTextFile(`${this.#folder}/data/postmaster.pid`);
    Deno.kill(Number(lockFile.split("\n")[0]), "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("immediate").catch(() => {});
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #start(): Promise<void> {
    const [data, log] = [`${this.#folder}/data`, `${this.#folder}/log`];
    const options = `-p ${this.#port} -k ${this.#folder}`;
    await this.#run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start");
  }

  async #run(program: string, ...args: string[]): Promise<void> {
    const words = [`${this.#programs}/${program}`, ...args];
    // The server refuses to run as root.
    await execute(isRoot() ? ["runuser", "-u", "postgres", "--", ...words] : words, this.#folder);
  }
}

function isRoot(): boolean {
  return Deno.uid() === 0;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function execute(words: readonly string[], folder = "/"): Promise<void> {
  const [program = "", ...args] = words;
  const command = new Deno.Command(program, { args, cwd: folder, stdin: "null", stdout: "null" });
  const { success, stderr } = await command.output();
  if (success) return;
  throw new Error(`${words.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}
