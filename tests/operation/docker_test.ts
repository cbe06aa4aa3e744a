/** The image and the other containers, as far as they can be checked without an engine. */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../lib/commands/all.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { isInRepository, repository, resultOf } from "../support/repository_files.ts";

const dockerfile = await repository("Dockerfile");
const dockerignore = await repository(".dockerignore");
const compose = await repository("docker-compose.yml");
const unit = await repository("systemd/jetstream-indexer.service");

const PINNED = /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;

/** The arguments of an instruction, in their order. */
function instructions(name: string): string[] {
  return [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].map(([, rest = ""]) => rest);
}

/** The lines of one service. */
function service(name: string): string {
  const [, services = ""] = compose.split("\nservices:\n");
  const [, lines = ""] = new RegExp(`^  ${name}:\\n((?: {4}.*\\n|\\n)+)`, "m").exec(services) ?? [];
  assert.notEqual(lines, "", name);
  return lines;
}

Deno.test("every image is pinned by tag and digest", () => {
  const stages = instructions("FROM").map((from) =>
    /^(?:--platform=\S+ )?(\S+)/.exec(from)?.[1] ?? ""
  );
  const images = [...compose.matchAll(/^ +image: (\S+)$/gm)].map(([, image = ""]) => image);
  assert.equal(stages.length, 2);
  assert.equal(images.length, 4);
  for (const image of [...stages, ...images]) assert.match(image, PINNED);
});

Deno.test("the image holds the executable, no shell and no root", () => {
  const [, base = ""] = instructions("FROM");
  assert.match(base, /^gcr\.io\/distroless\/cc-debian\d+:nonroot@/);
  assert.match(instructions("USER")[0] ?? "", /^[1-9]\d*:[1-9]\d*$/);
  // The form that needs a shell has no brackets.
  for (const name of ["ENTRYPOINT", "CMD"]) assert.match(instructions(name)[0] ?? "", /^\[".*"\]$/);
});

Deno.test("the image's commands are the program's", () => {
  const [copied = ""] = instructions("COPY").map((copy) => copy.split(" ").at(-1)).slice(-1);
  const words = (text = ""): string[] => JSON.parse(text.replace(/^[^[]*/, "")) as string[];
  assert.deepEqual(words(instructions("ENTRYPOINT")[0]), [copied]);
  const check = words(instructions("HEALTHCHECK")[0]);
  assert.equal(check[0], copied);
  for (const [command, ...options] of [words(instructions("CMD")[0]), check.slice(1)]) {
    const found = COMMANDS.find(({ name }) => name === command);
    assert(found !== undefined, command);
    for (const option of options) assert(found.help.includes(option), option);
  }
});

Deno.test("the image is built by an existing task, and copies the executable from its output", () => {
  const [, task = ""] = /deno task (\w+)/.exec(dockerfile) ?? [];
  assert(Object.hasOwn(manifest.tasks, task), task);
  const copies = instructions("COPY").join("\n");
  assert(copies.includes("--from=build /src/dist/jetstream-indexer "));
  assert.equal(instructions("EXPOSE")[0], SETTINGS.METRICS_PORT.default);
});

Deno.test("the build context contains all sources of the program, and nothing else", async () => {
  const [first, ...allowed] = dockerignore.split("\n").filter((line) => /^[^#]/.test(line));
  assert.equal(first, "*");
  const seen = allowed.map((line) => line.replace(/^!/, ""));
  for (const path of seen) assert(await isInRepository(path), path);
  const graph = JSON.parse(
    await resultOf(Deno.execPath(), ["info", "--json", "main.ts"]),
  ) as {
    readonly modules: readonly { readonly specifier: string }[];
  };
  const root = new URL("../../", import.meta.url).href;
  const own = graph.modules.map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith(root))
    .map((specifier) => specifier.slice(root.length));
  assert(own.length > 50);
  for (const path of own) {
    assert(seen.some((top) => path === top || path.startsWith(`${top}/`)), path);
  }
});

Deno.test("every setting is passed to the indexer's container, except those that the container fixes", () => {
  const decided = new Set(["SUBCULT_ENV", "METRICS_PORT", "HTTP_HOST"]);
  const [, block = ""] = /environment:\n((?: {6}.*\n)+)/.exec(service("indexer")) ?? [];
  const given = [...block.matchAll(/^ {6}([A-Z_0-9]+): (.*)$/gm)];
  assert.deepEqual(
    given.map(([, name]) => name).toSorted(),
    Object.keys(SETTINGS).filter((name) => !decided.has(name)).toSorted(),
  );
  for (const [, name = "", value = ""] of given) assert.match(value, /\$\{\w+:[?-]/, name);
});

Deno.test("no secret has a default, and a missing required one is an error", () => {
  const secrets = [...compose.matchAll(/\$\{(\w*(?:PASSWORD|TOKEN|SECRET)\w*)(.*?)\}/g)];
  assert(secrets.length >= 4);
  for (const [, name, guard] of secrets) assert.equal(guard, ":?set it in .env", name);
  for (const [line] of compose.matchAll(/^.*PASSWORD.*$/gm)) {
    assert.match(
      line,
      /\$\{DATABASE_PASSWORD:\?|\$\{GRAFANA_PASSWORD:\?|_FILE: \/run\/secrets\/|environment: /,
    );
  }
});

Deno.test("the commands of OPERATIONS.md create every secret that the containers need", async () => {
  const operations = await repository("OPERATIONS.md");
  const [, list = ""] = /for name in ([A-Z_ ]+); do/.exec(operations) ?? [];
  const asked = [...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name = ""]) => name);
  assert.deepEqual(new Set(list.split(" ")), new Set(asked));
});

Deno.test("every file that is mounted into a container exists", async () => {
  const sources = [...compose.matchAll(/^ +- \.\/(\S+?):(\S+?):ro$/gm)];
  assert.equal(sources.length, 5);
  for (const [, source = ""] of sources) assert(await isInRepository(source), source);
});

Deno.test("the volumes, networks and secrets that containers use are declared", () => {
  const [, networks = "", volumes = "", secrets = ""] = compose.split(
    /^(?:networks|volumes|secrets):\n/m,
  );
  const declared = (block: string): Set<string> =>
    new Set([...block.matchAll(/^ {2}(\w+):/gm)].map(([, name = ""]) => name));
  const lists = (key: string): string[] =>
    [...compose.matchAll(new RegExp(`^ {4}${key}: \\[(.*)\\]$`, "gm"))]
      .flatMap(([, list = ""]) => list.split(", "));
  const mounted = [...compose.matchAll(/^ +- (\w+):\/\S+$/gm)].map(([, name = ""]) => name);
  const given = [...compose.matchAll(/- source: (\w+)/g)].map(([, name = ""]) => name);
  assert.deepEqual(new Set(lists("networks")), declared(networks));
  assert.deepEqual(new Set(mounted), declared(volumes));
  assert.deepEqual(new Set([...given, ...lists("secrets")]), declared(secrets));
});

Deno.test("containers share a network with those whose names they use", async () => {
  assert.match(service("indexer"), /@database:5432\/subcults$/m);
  assert.match(service("database"), /POSTGRES_USER: indexer\n\s+POSTGRES_DB: subcults\n/);
  const prometheus = await repository("monitoring/prometheus.yml");
  assert.match(service("prometheus"), /target: \/etc\/prometheus\/indexer_token\n/);
  assert.match(prometheus, /targets: \["indexer:9090"\]/);
  assert.match(prometheus, /targets: \["alertmanager:9093"\]/);
  const alertmanager = await repository("monitoring/alertmanager.yml");
  const [, file = ""] = /url_file: (\S+)/.exec(alertmanager) ?? [];
  assert(service("alertmanager").includes(`target: ${file}\n`));
});

Deno.test("ports are opened on this machine only", () => {
  const ports = [...compose.matchAll(/^ {4}ports:\n((?: {6}.*\n)+)/gm)]
    .flatMap(([, lines = ""]) => lines.trim().split(/\n\s*/));
  assert.equal(ports.length, 3);
  for (const port of ports) assert.match(port, /^- "?127\.0\.0\.1:\d+:\d+"?$/);
  assert(ports.some((port) => port.includes(`:${SETTINGS.METRICS_PORT.default}:`)));
});

Deno.test("the container has the limits of the systemd unit", () => {
  const limit = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1]);
  const indexer = service("indexer");
  assert.equal(limit(indexer, /mem_limit: (\d+)m/), limit(unit, /^MemoryMax=(\d+)M$/m));
  assert.equal(limit(indexer, /pids_limit: (\d+)/), limit(unit, /^TasksMax=(\d+)$/m));
  assert.equal(
    limit(indexer, /stop_grace_period: (\d+)s/),
    limit(unit, /^TimeoutStopSec=(\d+)s$/m),
  );
  assert.match(indexer, /read_only: true\n\s+cap_drop: \[ALL\]\n/);
});
