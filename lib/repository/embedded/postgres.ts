/** Postgres with PostGIS in WebAssembly, in memory, started from a prepared data directory. */

import { type Extension, type ExtensionSetupResult, PGlite } from "@electric-sql/pglite";
import { postgis } from "@electric-sql/pglite-postgis";
import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { neededFiles } from "./bundle.ts";
import dataDirectory from "./data_directory.tar.br" with { type: "bytes" };
import type { Backend } from "./session.ts";
import { concat, startupMessage } from "./wire.ts";

/**
 * Only what is touched counts as memory, and everything here lives in it: files, WAL and buffers.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // The files are in memory too: a large cache would hold them twice.
  shared_buffers: "16MB",
  // A deeper recursion would end the stack of WebAssembly before Postgres sees it coming.
  max_stack_depth: "200kB",
  // Nothing is replicated, and nothing outlives a crash.
  wal_level: "minimal",
  max_wal_senders: "0",
  full_page_writes: "off",
  synchronous_commit: "off",
  // Written WAL is dropped at checkpoints instead of being kept for the next round.
  wal_recycle: "off",
  wal_init_zero: "off",
  min_wal_size: "2MB",
  max_wal_size: "16MB",
};

/** What PGlite hands to an extension before it starts, as far as it is used here. */
interface StartOptions {
  preRun: ((module: { pg_extensions: Record<string, Promise<Blob>> }) => void)[];
}

/** PostGIS as its package defines it, with only the files that a prepared database needs. */
const trimmedPostgis: Extension = {
  name: "postgis",
  async setup(pglite, options: StartOptions): Promise<ExtensionSetupResult> {
    const { bundlePath } = await postgis.setup(pglite, options);
    const files = neededFiles(bundlePath);
    options.preRun.push((module) => {
      module.pg_extensions = { postgis: files };
    });
    return { emscriptenOpts: options };
  },
};

export interface Postgres extends Backend {
  /** What it says to a client that is let in. */
  readonly greeting: Uint8Array;
}

/** Starts Postgres. There can be only one client at a time: see `Session`. */
export async function startPostgres(): Promise<Postgres> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const pglite = await PGlite.create({
    extensions: { postgis: trimmedPostgis },
    loadDataDir: new Blob([
      new Uint8Array(brotliDecompressSync(Buffer.from(dataDirectory.buffer))),
    ]),
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
      throw new Error(`the embedded database broke down in a statement: ${exception}`);
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
  /** Where the stack in WebAssembly's memory ends now. */
  readonly ___stack_pointer: WebAssembly.Global;
}

/** PGlite's types leave the stack pointer out. */
function mainLoopOf(module: Omit<MainLoop, "___stack_pointer">): MainLoop {
  if ("___stack_pointer" in module && module.___stack_pointer instanceof WebAssembly.Global) {
    return module as MainLoop;
  }
  throw new Error("cannot start the embedded database: this PGlite shows no stack pointer");
}

/** How Postgres leaves a statement that failed: the one exception that is meant to be. */
const LONGJMP = 100;

/**
 * Collects the exceptions that escape from WebAssembly: a stack that ended, an exception of GEOS.
 * PGlite takes every exception for an error that Postgres has reported, so that such a statement
 * looks as if it had succeeded, and its locks and memory are still held.
 *
 * It also leaves the stack as deep as it was where a statement failed: after some 160 failed ones
 * every statement was told that the limit of depth is reached. So the stack is put back.
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
