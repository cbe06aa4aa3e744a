/**
 * What the program is made of besides its own code: the npm packages that `main.ts` reaches, as Deno
 * resolves them under the frozen lock, and what they carry inside. Needs no network once they are in
 * the cache.
 */

const ROOT = new URL("../../../", import.meta.url);

export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package itself says; null when it says nothing. */
  readonly licence: string | null;
  /** Package URL: https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Of the archive, as the lock file has it, in hex; null for what comes inside another package. */
  readonly sha512: string | null;
  /** The package that carries it; null for a package of its own. */
  readonly within: string | null;
  /** Package URLs of what it needs. */
  readonly needs: readonly string[];
}

/**
 * Compiled into PGlite and its PostGIS, with their sources' licences. The versions are those that
 * `postgis_full_version()` tells, and a test compares them.
 */
const WITHIN:
  readonly (readonly [within: string, name: string, version: string, licence: string])[] = [
    ["@electric-sql/pglite", "postgresql", "18.3", "PostgreSQL"],
    ["@electric-sql/pglite-postgis", "postgis", "3.6.2", "GPL-2.0-or-later"],
    ["@electric-sql/pglite-postgis", "geos", "3.14.0", "LGPL-2.1-or-later"],
    ["@electric-sql/pglite-postgis", "proj", "9.7.0", "MIT"],
    ["@electric-sql/pglite-postgis", "libxml2", "2.14.5", "MIT"],
    ["@electric-sql/pglite-postgis", "json-c", "0.18", "MIT"],
  ];

/** What `deno info --json` says of the packages of a module. */
interface Resolved {
  readonly npmPackages: Readonly<
    Record<string, {
      readonly name: string;
      readonly version: string;
      readonly dependencies: readonly string[];
    }>
  >;
  readonly modules: readonly { readonly npmPackage?: string }[];
}

/** The parts of a lock file that matter here. */
export interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
  readonly workspace: { readonly dependencies: readonly string[] };
}

export async function readLock(): Promise<Lock> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
}

/** All of it, in the order of the names. Throws when a package is not in the cache. */
export async function packages(): Promise<Package[]> {
  const { npmPackages, modules }: Resolved = JSON.parse(await deno("info", "--json", "main.ts"));
  const { npmCache }: { npmCache: string } = JSON.parse(await deno("info", "--json"));
  const { npm } = await readLock();
  const found: Package[] = [];
  for (const id of reached(npmPackages, modules)) {
    const { name, version, dependencies } = npmPackages[id]!;
    found.push({
      name,
      version,
      licence: await licenceOf(npmCache, name, version),
      purl: purlOf(name, version),
      sha512: hexOf(npm[id]?.integrity ?? ""),
      within: null,
      needs: dependencies.map((id) => {
        const needed = npmPackages[id];
        if (needed === undefined) throw new Error(`cannot list packages: ${id} is not resolved`);
        return purlOf(needed.name, needed.version);
      }),
    });
  }
  for (const [within, name, version, licence] of WITHIN) {
    const purl = `pkg:generic/${name}@${version}`;
    found.push({ name, version, licence, purl, sha512: null, within, needs: [] });
  }
  return found.toSorted((one, other) => one.name < other.name ? -1 : 1);
}

/** Ids of the packages that the modules import, and of those that these need: others are for tests. */
function reached(
  npmPackages: Resolved["npmPackages"],
  modules: Resolved["modules"],
): ReadonlySet<string> {
  const ids = new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []));
  for (const id of ids) npmPackages[id]?.dependencies.forEach((needed) => ids.add(needed));
  return ids;
}

async function deno(...args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (!success) throw new Error(`cannot list packages: deno ${args[0]}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** From the package's own manifest, in whichever registry's part of the cache it is. */
async function licenceOf(cache: string, name: string, version: string): Promise<string | null> {
  for await (const { name: registry } of Deno.readDir(cache)) {
    const path = `${cache}/${registry}/${name}/${version}/package.json`;
    const text = await Deno.readTextFile(path).catch(() => null);
    if (text === null) continue;
    const { license }: { license?: unknown } = JSON.parse(text);
    return typeof license === "string" ? license : null;
  }
  throw new Error(`cannot find ${name} ${version}: it is not in the cache, run: deno install`);
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** From `sha512-` and base64. */
function hexOf(integrity: string): string {
  const base64 = /^sha512-(.+)$/.exec(integrity)?.[1];
  if (base64 === undefined) throw new Error("cannot list packages: one is not in deno.lock");
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(
    "",
  );
}
