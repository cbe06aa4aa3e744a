/** The dependencies: exact versions, locked, with known licences, and all documented. */

import assert from "node:assert/strict";
import { TESTS_ONLY } from "../../.ci/compile.ts";
import manifest from "../../deno.json" with { type: "json" };
import { databaseTest } from "../support/database.ts";
import { modulesIn, repository } from "../support/repository_files.ts";
import { isAccepted, licenceLines } from "../support/supply/licences.ts";
import { packages, readLock } from "../support/supply/packages.ts";
import { billOf } from "../support/supply/sbom.ts";

Deno.test("every dependency has one exact version", () => {
  for (const [name, specifier] of Object.entries(manifest.imports)) {
    assert.equal(specifier, `npm:${name}@${/\d+\.\d+\.\d+$/.exec(specifier)?.[0]}`, name);
  }
});

Deno.test("the lock is frozen, holds the digest of every package, and knows no other", async () => {
  const lock = await readLock();
  assert.equal(manifest.lock.frozen, true);
  for (const [name, entry] of Object.entries(lock.npm)) {
    assert.match(entry.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, name);
  }
  for (const specifier of Object.values(manifest.imports)) {
    assert.ok(lock.specifiers[specifier] !== undefined, `${specifier} is not in deno.lock`);
  }
  assert.deepEqual(
    [...lock.workspace.dependencies].sort(),
    Object.values(manifest.imports).sort(),
  );
  assert.ok(!("remote" in lock) && !("jsr" in lock));
});

Deno.test("modules import by the names of the import map, and nothing from a server", async () => {
  for (
    const path of [
      "main.ts",
      ...await modulesIn("lib"),
      ...await modulesIn("demo"),
      ...await modulesIn("bench"),
    ]
  ) {
    for (
      const [, specifier = ""] of (await repository(path)).matchAll(/\b(?:from|import) "([^"]+)"/g)
    ) {
      const isOwn = specifier.startsWith("./") || specifier.startsWith("../");
      const isKnown = Object.hasOwn(manifest.imports, specifier) || specifier.startsWith("node:") ||
        specifier.startsWith("hono/");
      assert.ok(isOwn || isKnown, `${path}: ${specifier}`);
    }
  }
});

Deno.test("every dependency is used by the program, and README says what for", async () => {
  const sources = await Promise.all(["main.ts", ...await modulesIn("lib")].map(repository));
  const readme = await repository("README.md");
  for (const name of Object.keys(manifest.imports)) {
    const isUsed = sources.some((source) => source.includes(`"${name}"`));
    assert.equal(isUsed, !TESTS_ONLY.has(name), `${name} is not used, or not only by tests`);
    assert.ok(readme.includes(`\`${name}\``), `README does not say what ${name} is for`);
  }
});

Deno.test("every licence is known and accepted, and a new one would not be", async () => {
  const list = await packages();
  for (const one of list) assert.ok(isAccepted(one), `${one.name}: ${one.licence}`);
  for (const name of Object.keys(manifest.imports)) {
    const isListed = list.some((one) => one.name === name && one.sha512 !== null);
    assert.equal(isListed, !TESTS_ONLY.has(name), name);
  }
  assert.ok(!isAccepted({ licence: "GPL-2.0-or-later", within: null }));
  assert.ok(!isAccepted({ licence: null, within: null }));
  assert.ok(isAccepted({ licence: "MIT AND ISC", within: null }));
  assert.ok(!isAccepted({ licence: "MIT AND GPL-2.0-or-later", within: null }));
  assert.match(licenceLines(list).join("\n"), /^hono +4\.\d+\.\d+ +MIT$/m);
});

Deno.test("the bill of materials names every package once, with its digest and what needs it", async () => {
  const list = await packages();
  const bill = JSON.parse(JSON.stringify(billOf(list)));
  assert.equal(bill.bomFormat, "CycloneDX");
  const nested: { purl: string; components?: { purl: string }[] }[] = bill.components;
  const purls = nested.flatMap((
    { purl, components = [] },
  ) => [purl, ...components.map(({ purl }) => purl)]);
  assert.deepEqual([...new Set(purls)].sort(), list.map(({ purl }) => purl).sort());
  assert.ok(purls.includes("pkg:npm/%40atcute/cbor@2.3.6"));
  for (const { hashes } of bill.components) assert.match(hashes[0].content, /^[0-9a-f]{128}$/);
  const refs = new Set([bill.metadata.component["bom-ref"], ...purls]);
  for (const { ref, dependsOn } of bill.dependencies) {
    for (const purl of [ref, ...dependsOn]) assert.ok(refs.has(purl), purl);
  }
});

databaseTest("the embedded database is made of what the bill says", async ({ sql }) => {
  const [row] = await sql<{ text: string }[]>`
    select version() || ' ' || postgis_full_version() as text`;
  const told: Readonly<Record<string, RegExp>> = {
    postgresql: /PostgreSQL ([\d.]+)/,
    postgis: /POSTGIS="([\d.]+)/,
    geos: /GEOS="([\d.]+)/,
    proj: /PROJ="([\d.]+)/,
    libxml2: /LIBXML="([\d.]+)/,
    "json-c": /LIBJSON="([\d.]+)/,
  };
  for (const { name, version, within } of await packages()) {
    if (within === null) continue;
    assert.equal(told[name]?.exec(row?.text ?? "")?.[1], version, name);
  }
}, { kinds: ["embedded"] });
