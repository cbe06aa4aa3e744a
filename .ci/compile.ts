/**
 * Compiles the executable: `deno task compile [--target TRIPLE] [--without-embedded-database] [--output FILE]`.
 * Without the embedded database it is an eighth smaller and contains no PostGIS.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { PACKED } from "../lib/repository/embedded/packed_files.ts";
import { packDatabase } from "./pack_database.ts";
import { packageFiles, unneededFiles } from "./package_files.ts";

/** The permissions of the executable, on every machine and in every variant. */
export const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-env"] as const;

/** Dependencies of tests only, which must be removed: every package of the configuration is compiled in. */
export const TESTS_ONLY: ReadonlySet<string> = new Set(["@atproto/lexicon", "axe-core"]);

/** Packages that only `DATABASE_URL=memory:` uses. */
const EMBEDDED = /^@electric-sql\//;
const EMBEDDED_WORKER = "lib/repository/embedded/worker.ts";

export interface Variant {
  /** Target triple of the machine; null for this one. */
  readonly target: string | null;
  readonly embeddedDatabase: boolean;
  readonly output: string;
  readonly commit: string;
  /** Files of packages to leave out. */
  readonly unneeded: readonly string[];
}

/** The arguments of `deno`. `config` is the file that names the packages to compile in. */
export function compileArguments(variant: Variant, config: string): string[] {
  const { target, embeddedDatabase, output, commit, unneeded } = variant;
  return [
    "compile",
    `--config=${config}`,
    "--v8-flags=--max-old-space-size=512",
    ...PERMISSIONS,
    // The modules of the embedded database lack their packages there. `deno task check` checks types.
    ...(embeddedDatabase
      ? [`--include=${EMBEDDED_WORKER}`, `--include=${fileURLToPath(PACKED)}`]
      : ["--no-check"]),
    ...(target === null ? [] : [`--target=${target}`]),
    ...unneeded.map((file) => `--exclude=${file}`),
    `--output=${output}`,
    "main.ts",
    `--commit=${commit}`,
    ...(embeddedDatabase ? [] : ["--without-embedded-database"]),
  ];
}

/** Writes a configuration without the packages that the executable does not need. Returns its path. */
async function smallerConfig(directory: string, embeddedDatabase: boolean): Promise<string> {
  const imports = Object.entries(manifest.imports).filter(([name]) =>
    !TESTS_ONLY.has(name) && (embeddedDatabase || !EMBEDDED.test(name))
  );
  const config = { ...manifest, lock: { frozen: false }, imports: Object.fromEntries(imports) };
  await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify(config));
  // The same versions: unused entries are dropped from the copy.
  await Deno.copyFile("deno.lock", `${directory}/deno.lock`);
  return `${directory}/deno.json`;
}

async function commitHere(): Promise<string> {
  const git = new Deno.Command("git", { args: ["rev-parse", "--short", "HEAD"], stderr: "null" });
  try {
    const { success, stdout } = await git.output();
    if (success) return new TextDecoder().decode(stdout).trim();
  } catch {
    // The build image has no git.
  }
  return Deno.env.get("COMMIT") ?? "unknown";
}

/** Paths of the files of packages that the executable needs not contain. */
async function unneeded(embeddedDatabase: boolean): Promise<string[]> {
  const files = await packageFiles();
  return [...unneededFiles(files), ...embeddedDatabase ? await packDatabase(files) : []];
}

async function compile(variant: Variant): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  try {
    const config = await smallerConfig(directory, variant.embeddedDatabase);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: compileArguments(variant, config),
      // The compiler recurses deeply on a dependency of prom-client.
      env: { RUST_MIN_STACK: "67108864" },
    }).spawn().status;
    return success;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string" },
      output: { type: "string", default: "dist/jetstream-indexer" },
      "without-embedded-database": { type: "boolean", default: false },
    },
  });
  const embeddedDatabase = !values["without-embedded-database"];
  const done = await compile({
    target: values.target ?? null,
    embeddedDatabase,
    output: values.output,
    commit: await commitHere(),
    unneeded: await unneeded(embeddedDatabase),
  });
  if (!done) Deno.exit(1);
}
