/**
 * The files of our packages in the cache of this Deno, and which of them a running program never reads. The runtime of
 * the executable keeps all of its files in memory, whether they are read or not.
 */

/** Source maps, types, TypeScript that the package also holds as JavaScript, C, tests. */
const NEVER_READ = /\.(?:map|[cm]?ts|[ch])$|\/tests?\//;

/** CommonJS of packages that contain ES modules too, and that only ES modules import. */
const SECOND_FORMAT = /\/(?:zod|valibot|@electric-sql\/[^/]+)\/.+\.cjs$/;

/** Paths of the files of all packages in deno.lock. */
export async function packageFiles(): Promise<string[]> {
  const found: string[] = [];
  const lock = await Deno.readTextFile(new URL("../deno.lock", import.meta.url));
  const { npm } = JSON.parse(lock) as { npm: Readonly<Record<string, unknown>> };
  const packages = Object.keys(npm).map(folderOf);
  const cache = await npmCache();
  // A folder for each registry.
  for await (const { name } of Deno.readDir(cache)) {
    for (const folder of packages) {
      for await (const path of filesIn(`${cache}/${name}/${folder}`)) found.push(path);
    }
  }
  return found;
}

/** Those that a running program never reads. */
export function unneededFiles(files: readonly string[]): string[] {
  return files.filter((path) => NEVER_READ.test(path) || SECOND_FORMAT.test(path));
}

/** The folder of a package of the lock file. Behind the version stand the packages that it was resolved with. */
function folderOf(specifier: string): string {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(specifier) ?? [];
  if (name !== undefined && version !== undefined) return `${name}/${version}`;
  throw new Error(`cannot read deno.lock: got the package ${specifier}, expected name@version`);
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  return npmCache;
}

/** All files below a folder; none if it isn't there. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) yield* filesIn(path);
      else yield path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
