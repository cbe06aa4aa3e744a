/**
 * The large files of PGlite and PostGIS as the executable contains them: compressed, because its runtime keeps all
 * of its files in memory. `.ci/pack_database.ts` writes them.
 */

import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { brotliDecompressSync } from "node:zlib";

/** Where they are, beside the program. */
export const PACKED = new URL("../../../dist/embedded_database/", import.meta.url);

/** Their names there. */
export const PROGRAM = "pglite.wasm.br";
export const FILES = "pglite.data.br";
export const POSTGIS = "postgis.tar.br";

export interface PackedFiles {
  /** Postgres. */
  readonly program: WebAssembly.Module;
  /** The files that Postgres reads. */
  readonly files: Blob;
  /** The needed files of PostGIS, see `bundle.ts`. */
  readonly postgis: Blob;
}

export async function packedFiles(): Promise<PackedFiles> {
  const [program, files, postgis] = await Promise.all([PROGRAM, FILES, POSTGIS].map(unpacked));
  return {
    program: await WebAssembly.compile(program!),
    files: new Blob([files!]),
    postgis: new Blob([postgis!]),
  };
}

async function unpacked(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return unpack(await readFile(new URL(name, PACKED)));
}

/** Decompresses brotli. */
export function unpack(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(brotliDecompressSync(Buffer.from(packed)));
}
