/**
 * Writes `data_directory.tar.br`: a data directory with PostGIS already created, which takes eight seconds
 * and would delay every start. Run it when PGlite or its PostGIS gets another version. The same versions give
 * the same bytes; `--check` compares instead of writing, and exits with 1 when they differ.
 */

import { PGlite } from "@electric-sql/pglite";
import { postgis } from "@electric-sql/pglite-postgis";
import { Buffer } from "node:buffer";
import { constants } from "node:zlib";
import { pack } from "./brotli.ts";

const OUTPUT = new URL("./data_directory.tar.br", import.meta.url);

/** The part of Emscripten's file system that is used here. */
interface FileSystem {
  readdir(path: string): string[];
  stat(path: string): { mode: number; size: number };
  isDir(mode: number): boolean;
  readFile(path: string): Uint8Array;
}

// Fixed values instead of times and random numbers, so that every run gives the same bytes. Nothing in here
// is secret.
const startedAt = Date.UTC(2026, 0, 1);
let ticks = 0;
Date.now = () => startedAt;
performance.now = () => ++ticks / 1000;
crypto.getRandomValues = (array) => {
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(7);
  return array;
};

const STEPS = [
  "create extension postgis",
  // The one database is never used as a template.
  "update pg_database set datistemplate = false, datallowconn = true",
  "drop database template0",
  "drop database template1",
  "vacuum full",
  "vacuum freeze analyze",
  "checkpoint",
];

const pglite = await PGlite.create({
  extensions: { postgis },
  // The smallest segments: an almost empty one of 16 MB would be unpacked at every start.
  initDbStartParams: ["--wal-segsize=1"],
});
for (const step of STEPS) await pglite.exec(step);
const files: FileSystem = pglite.Module.FS;
// Closed first: after a clean shutdown no start has to recover.
await pglite.close();

const segment = lastSegment(files.readFile(`${PGlite.paths.PGDATA}/global/pg_control`));
const tar = Buffer.concat([...entries(""), Buffer.alloc(1024)]);
const packed = pack(tar, constants.BROTLI_MAX_QUALITY);
if (!Deno.args.includes("--check")) {
  await Deno.writeFile(OUTPUT, packed);
} else if (!packed.equals(await Deno.readFile(OUTPUT))) {
  throw new Error(`${OUTPUT.pathname} is outdated: a new data directory has other content`);
}

/** The WAL segment of the last checkpoint. The other segments are only reserved. */
function lastSegment(control: Uint8Array): string {
  const redo = new DataView(control.buffer, control.byteOffset).getBigUint64(40, true);
  const hex = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, "0");
  return `00000001${hex(redo >> 32n)}${hex((redo >> 20n) & 0xfffn)}`;
}

function* entries(directory: string): Generator<Uint8Array> {
  const path = `${PGlite.paths.PGDATA}/${directory}`;
  for (const name of files.readdir(path).sort()) {
    const inner = `${directory}${name}`;
    if (name === "." || name === ".." || !isNeeded(inner)) continue;
    if (files.isDir(files.stat(path + name).mode)) {
      yield header(inner, 0, "5");
      yield* entries(`${inner}/`);
    } else {
      const content = files.readFile(path + name);
      yield header(inner, content.length, "0");
      yield content;
      yield new Uint8Array((512 - content.length % 512) % 512);
    }
  }
}

function isNeeded(path: string): boolean {
  if (/^pg_wal\/[0-9A-F]{24}$/.test(path)) return path.endsWith(segment);
  return !/(^|\/)(pg_internal\.init|postmaster\.(pid|opts))$/.test(path);
}

/** A header of the ustar format. All times are 0, so that equal files give equal archives. */
function header(path: string, size: number, type: "0" | "5"): Uint8Array {
  const bytes = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  bytes.write(path, 0);
  bytes.write(octal(0o700, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.write(" ".repeat(8), 148);
  bytes.write(type, 156);
  bytes.write("ustar\0" + "00", 257);
  bytes.write(octal(bytes.reduce((sum, byte) => sum + byte, 0), 6) + "\0 ", 148);
  return bytes;
}
