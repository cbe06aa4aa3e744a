/** Postgres with PostGIS in WebAssembly, in memory, started from a prepared data directory. */

import { type Extension, type ExtensionSetupResult, PGlite } from "@electric-sql/pglite";
import { postgis } from "@electric-sql/pglite-postgis";
import { unpack } from "./brotli.ts";
import { neededFiles } from "./bundle.ts";
import dataDirectory from "./data_directory.tar.br" with { type: "bytes" };
import { packedFiles } from "./packed_files.ts";
import type { Backend } from "./session.ts";
import { concat, startupMessage } from "./wire.ts";

/** Only pages that are touched use memory, and everything is in memory: files, WAL and buffers. */
const SETTINGS: Readonly<Record<string, string>> = {
  // The files are in memory too: a large cache would hold them twice.
  shared_buffers: "16MB",
  // A deeper recursion would exhaust the WebAssembly stack before Postgres notices.
  max_stack_depth: "200kB",
  // Nothing is replicated, and nothing survives a crash.
  wal_level: "minimal",
  max_wal_senders: "0",
  full_page_writes: "off",
  synchronous_commit: "off",
  // Old WAL is removed at checkpoints instead of being kept for reuse.
  wal_recycle: "off",
  wal_init_zero: "off",
  min_wal_size: "2MB",
  max_wal_size: "16MB",
};

/** The options that PGlite passes to an extension, as far as used here. */
interface StartOptions {
  preRun: ((module: { pg_extensions: Record<string, Promise<Blob>> }) => void)[];
}

/** The PostGIS extension of the package, with only the files that a prepared database needs; null: from the package. */
function trimmedPostgis(packed: Blob | null): Extension {
  return {
    name: "postgis",
    async setup(pglite, options: StartOptions): Promise<ExtensionSetupResult> {
      const { bundlePath } = await postgis.setup(pglite, options);
      const files = packed === null ? neededFiles(bundlePath) : Promise.resolve(packed);
      options.preRun.push((module) => {
        module.pg_extensions = { postgis: files };
      });
      return { emscriptenOpts: options };
    },
  };
}

export interface Postgres extends Backend {
  /** The message for a client after its login. */
  readonly greeting: Uint8Array;
}

/** Starts Postgres. It serves one client at a time: see `Session`. An executable has packed files of the packages. */
export async function startPostgres(isExecutable: boolean): Promise<Postgres> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const packed = isExecutable ? await packedFiles() : null;
  const pglite = await PGlite.create({
    ...packed !== null && { pgliteWasmModule: packed.program, fsBundle: packed.files },
    extensions: { postgis: trimmedPostgis(packed?.postgis ?? null) },
    loadDataDir: new Blob([unpack(dataDirectory)]),
    startParams: [...PGlite.defaultStartParams, ...settings],
  });
  const exceptions = escapedExceptions(mainLoopOf(pglite.Module));
  const execute = async (bytes: Uint8Array): Promise<Uint8Array> => {
    const answers: Uint8Array[] = [];
    await pglite.execProtocolRawStream(bytes, {
      syncToFs: false,
      // A view of memory that the next call overwrites.
      onRawData: (answer) => answers.push(answer.slice()),
    });
    const [exception] = exceptions;
    if (exception !== undefined) {
      throw new Error(`the embedded database failed in a statement: ${exception}`);
    }
    return concat(answers);
  };
  const greeting = await execute(startupMessage({ user: "postgres", database: "postgres" }));
  return { execute, greeting };
}

/** The part of Postgres' module that is watched. */
interface MainLoop {
  _PostgresMainLoopOnce(): void;
  _pgl_getPGliteExitStatus(): number;
  /** The current stack pointer in WebAssembly memory. */
  readonly ___stack_pointer: WebAssembly.Global;
}

/** PGlite's types lack the stack pointer. */
function mainLoopOf(module: Omit<MainLoop, "___stack_pointer">): MainLoop {
  if ("___stack_pointer" in module && module.___stack_pointer instanceof WebAssembly.Global) {
    return module as MainLoop;
  }
  throw new Error("cannot start the embedded database: this PGlite shows no stack pointer");
}

/** The code with which Postgres leaves a failed statement: the only expected exception. */
const LONGJMP = 100;

/**
 * Collects the exceptions that escape from WebAssembly: an exhausted stack, an exception of GEOS. PGlite
 * takes every exception for an error that Postgres has reported, so the statement looks successful while its
 * locks and memory are still held.
 *
 * PGlite also leaves the stack as deep as it was when a statement failed: after some 160 failures every
 * statement exceeded the depth limit. So the stack pointer is restored.
 */
function escapedExceptions(module: MainLoop): readonly string[] {
  const exceptions: string[] = [];
  const run = module._PostgresMainLoopOnce;
  const stack = module.___stack_pointer;
  module._PostgresMainLoopOnce = () => {
    const depth: unknown = stack.value;
    try {
      run();
    } catch (error) {
      stack.value = depth;
      if (module._pgl_getPGliteExitStatus() !== LONGJMP) exceptions.push(String(error));
      throw error;
    }
  };
  return exceptions;
}
