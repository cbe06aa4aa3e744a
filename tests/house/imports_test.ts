/** Which file may import which: data goes one way, without import cycles of files or folders. */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { modulesIn, repository } from "../support/repository_files.ts";

/** What a folder of `lib` may import, in addition to itself and the single files next to the folders. */
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

/** A file next to the folders belongs to the folder of its name, if there is one: `lib/config.ts` to `config`. */
function folderOf(path: string): string | null {
  const [, name = ""] = path.split("/");
  const folder = name.replace(/\.ts$/, "");
  return folder in MAY_IMPORT ? folder : null;
}

async function importsOf(path: string): Promise<string[]> {
  const text = await repository(path);
  return [...text.matchAll(/^(?:import|export)\b[^"';]* from "(\.[^"]+)"/gm)]
    .map(([, target = ""]) => new URL(target, `file:///${path}`).pathname.slice(1));
}

const files = ["main.ts", ...await modulesIn("lib")];
const imports = new Map(
  await Promise.all(files.map(async (path) => [path, await importsOf(path)] as const)),
);

Deno.test("a folder imports only the folders that its data comes from", () => {
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

/** Import cycles. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (place: string, way: readonly string[]): void => {
    const at = way.indexOf(place);
    if (at >= 0) circles.push([...way.slice(at), place].join(" -> "));
    if (at >= 0 || done.has(place)) return;
    for (const target of graph.get(place) ?? []) visit(target, [...way, place]);
    done.add(place);
  };
  for (const place of graph.keys()) visit(place, []);
  return circles;
}

Deno.test("no file is part of an import cycle", () => {
  assert.deepEqual(circlesIn(imports), []);
});

Deno.test("no folder is part of an import cycle", () => {
  const folders = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    const folder = dirname(path);
    // A file directly in `lib` is shared by all, or the entry of a folder.
    const others = targets.map(dirname).filter((other) => other !== folder && other !== "lib");
    if (folder !== "lib") folders.set(folder, [...folders.get(folder) ?? [], ...others]);
  }
  assert.ok(folders.size > 25);
  assert.deepEqual(circlesIn(folders), []);
});
