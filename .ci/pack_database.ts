/** Compresses the large files of the embedded database for the executable, which reads them by `packed_files.ts`. */

import { pathToFileURL } from "node:url";
import { pack } from "../lib/repository/embedded/brotli.ts";
import { neededFiles } from "../lib/repository/embedded/bundle.ts";
import { FILES, PACKED, POSTGIS, PROGRAM } from "../lib/repository/embedded/packed_files.ts";

/** At 7 the files are 2 % smaller, and compressing them takes twice as long. */
const QUALITY = 5;

/** Writes the packed files. Returns the paths of the packages' files that nothing reads any more. */
export async function packDatabase(files: readonly string[]): Promise<string[]> {
  const path = (end: string): string => {
    const found = files.find((file) => file.endsWith(end));
    if (found === undefined) {
      throw new Error(`cannot pack the embedded database: no package has ${end}`);
    }
    return found;
  };
  const program = path("/dist/pglite.wasm");
  const data = path("/dist/pglite.data");
  const postgis = await neededFiles(pathToFileURL(path("/dist/postgis.tar.gz")));
  await Deno.mkdir(PACKED, { recursive: true });
  await write(PROGRAM, await Deno.readFile(program));
  await write(FILES, await Deno.readFile(data));
  await write(POSTGIS, await postgis.bytes());
  // The other archives are extensions that we don't use.
  const archives = files.filter((file) =>
    file.includes("/@electric-sql/") && file.endsWith(".tar.gz")
  );
  return [program, data, ...archives];
}

async function write(name: string, content: Uint8Array): Promise<void> {
  await Deno.writeFile(new URL(name, PACKED), pack(content, QUALITY));
}
