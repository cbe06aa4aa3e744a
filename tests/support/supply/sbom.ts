/**
 * Prints the software bill of materials of the executable: CycloneDX 1.6 as JSON, the same bytes for
 * the same sources. https://cyclonedx.org/docs/1.6/json/
 *
 * `deno task sbom`
 */

import manifest from "../../../deno.json" with { type: "json" };
import { type Package, packages } from "./packages.ts";

const SELF = `pkg:generic/${manifest.name}@${manifest.version}`;

/** The bill of these packages. */
export function billOf(list: readonly Package[]): Record<string, unknown> {
  const own = list.filter(({ within }) => within === null);
  const needed = new Set(own.flatMap(({ needs }) => needs));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": SELF,
        name: manifest.name,
        version: manifest.version,
        licenses: [{ license: { id: manifest.license } }],
      },
    },
    components: own.map((one) => ({
      ...componentOf(one),
      components: list.filter(({ within }) => within === one.name).map(componentOf),
    })),
    dependencies: [
      { ref: SELF, dependsOn: own.map(({ purl }) => purl).filter((purl) => !needed.has(purl)) },
      ...own.map(({ purl, needs }) => ({ ref: purl, dependsOn: needs })),
    ],
  };
}

function componentOf({ name, version, licence, purl, sha512 }: Package): Record<string, unknown> {
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    ...(licence === null ? {} : { licenses: [licensesOf(licence)] }),
    ...(sha512 === null ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
  };
}

/** The format has one field for the ID of a licence, and one for what joins several. */
function licensesOf(licence: string): Record<string, unknown> {
  return licence.includes(" ") ? { expression: licence } : { license: { id: licence } };
}

if (import.meta.main) {
  const text = JSON.stringify(billOf(await packages()), null, 2);
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
