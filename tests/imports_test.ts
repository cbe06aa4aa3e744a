/** Which file may import which: data goes one way, and no file imports itself by way of others. */

import assert from "node:assert/strict";

/** What a folder of `lib` may import besides itself and the single files beside the folders. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  log: [],
  decoder: [],
  mapper: ["decoder"],
  client: ["decoder"],
  repository: ["decoder", "mapper"],
  pds: ["client", "decoder"],
  config: ["client", "log", "repository"],
  reconcile: ["client", "decoder", "log", "pds", "repository"],
  server: ["client", "config", "decoder", "log", "repository"],
  indexer: [
    "client",
    "config",
    "decoder",
    "log",
    "mapper",
    "pds",
    "reconcile",
    "repository",
    "server",
  ],
  commands: ["client", "config", "indexer", "log", "mapper", "pds", "repository", "server"],
};

/** A file beside the folders belongs to the folder of its name, if there is one: `lib/config.ts` to `config`. */
function folderOf(path: string): string | null {
  const [, name = ""] = path.split("/");
  const folder = name.replace(/\.ts$/, "");
  return folder in MAY_IMPORT ? folder : null;
}

async function importsOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
  return [...text.matchAll(/^(?:import|export)\b[^"';]* from "(\.[^"]+)"/gm)]
    .map(([, target = ""]) => new URL(target, `file:///${path}`).pathname.slice(1));
}

async function modulesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(`../${folder}`, import.meta.url))
  ) {
    if (isDirectory) found.push(...await modulesIn(`${folder}/${name}`));
    else if (name.endsWith(".ts")) found.push(`${folder}/${name}`);
  }
  return found;
}

const files = ["main.ts", ...await modulesIn("lib")];
const imports = new Map(
  await Promise.all(files.map(async (path) => [path, await importsOf(path)] as const)),
);

Deno.test("a folder imports only those that its data comes from", () => {
  const wrong = [...imports].flatMap(([path, targets]) => {
    const from = folderOf(path);
    const allowed = from === null ? [] : [from, ...MAY_IMPORT[from] ?? []];
    return targets.filter((target) => {
      const to = folderOf(target);
      return path !== "main.ts" && to !== null && !allowed.includes(to);
    }).map((target) => `${path} -> ${target}`);
  });
  assert.deepEqual(wrong, []);
  assert.ok(imports.size > 300);
});

Deno.test("no file imports itself by way of others", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) circles.push([...way.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  assert.deepEqual(circles, []);
});
