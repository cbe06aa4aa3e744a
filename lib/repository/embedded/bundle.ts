/**
 * The part of the PostGIS package that a prepared database needs: the library, the PROJ data and the control
 * file. The whole package also holds rasters, topology and the SQL that creates them; unpacking and compiling
 * that took half of the start and 0.4 GB.
 */

import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { createGunzip } from "node:zlib";

const NEEDED = [
  /^lib\/postgresql\/postgis-3\.so$/,
  /^share\/postgresql\/extension\/postgis\.control$/,
  /^share\/proj\/.+$/,
];

const BLOCK = 512;

/** Reads the package's archive and returns the needed files as a tar archive. */
export async function neededFiles(archive: URL): Promise<Blob> {
  const tar = new TarFilter((name) => NEEDED.some((needed) => needed.test(name)));
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  gunzip.on("data", (chunk: Uint8Array) => tar.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    gunzip.on("end", resolve);
    gunzip.on("error", reject);
  });
  gunzip.end(await readFile(archive));
  await ended;
  return new Blob([...tar.kept, new Uint8Array(2 * BLOCK)]);
}

/** Filters a tar archive as a stream, keeping the wanted files. */
class TarFilter {
  readonly #wanted: (name: string) => boolean;
  readonly kept: Uint8Array<ArrayBuffer>[] = [];
  /** The bytes of the current header so far. */
  #header: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Bytes of the current file that are still missing, with padding. */
  #left = 0;
  #keeping = false;

  constructor(wanted: (name: string) => boolean) {
    this.#wanted = wanted;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        if (this.#keeping) this.kept.push(new Uint8Array(part));
        this.#left -= part.length;
        at += part.length;
        continue;
      }
      const part = chunk.subarray(at, at + BLOCK - this.#header.length);
      this.#header = new Uint8Array(Buffer.concat([this.#header, part]));
      at += part.length;
      if (this.#header.length === BLOCK) this.#begin();
    }
  }

  #begin(): void {
    const header = this.#header;
    const size = Number.parseInt(textAt(header, 124, 12), 8) || 0;
    this.#keeping = this.#wanted(textAt(header, 0, 100));
    if (this.#keeping) this.kept.push(header);
    this.#left = Math.ceil(size / BLOCK) * BLOCK;
    this.#header = new Uint8Array(0);
  }
}

/** A field of a tar header, which ends at a NUL or at its full length. */
function textAt(header: Uint8Array, at: number, length: number): string {
  const text = new TextDecoder().decode(header.subarray(at, at + length));
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
