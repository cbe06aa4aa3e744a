/**
 * The large files of PGlite and PostGIS as the executable contains them: compressed, because its runtime keeps all
 * of its files in memory. `.ci/pack_database.ts` writes them.
 */

import { readFile } from "node:fs/promises";
import { unpack } from "./brotli.ts";

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
  return {
    program: await WebAssembly.compile(await unpacked(PROGRAM)),
    files: new Blob([await unpacked(FILES)]),
    postgis: new Blob([await unpacked(POSTGIS)]),
  };
}

async function unpacked(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return unpack(await readFile(new URL(name, PACKED)));
}
