/** Random records that are valid by a lexicon document: made from the document alone. */

import type { Lexicon } from "../../../lib/mapper/collection.ts";
import type { Random } from "../model/random.ts";
import * as values from "./values.ts";

/** A definition in a document, as far as records have them. */
export interface Definition {
  readonly type: string;
  readonly ref?: string;
  readonly record?: Definition;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly required?: readonly string[];
  readonly items?: Definition;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxGraphemes?: number;
}

/** What the texts mean whose form a document can only describe. */
const DESCRIBED: Readonly<Record<string, (random: Random) => string>> = {
  sceneId: (random) => values.reference(random, "app.subcult.scene"),
  fromSceneId: (random) => values.reference(random, "app.subcult.scene"),
  toSceneId: (random) => values.reference(random, "app.subcult.scene"),
  eventId: (random) => values.reference(random, "app.subcult.event"),
  lat: (random) => values.decimal(random, -90, 90),
  lng: (random) => values.decimal(random, -180, 180),
  coarseGeohash: values.geohash,
  weight: (random) => values.decimal(random, 0, 1),
  trustWeight: (random) => values.decimal(random, 0, 1),
  durationSeconds: (random) => values.decimal(random, 0, Infinity),
};

const BLOB = {
  $type: "blob",
  ref: { $link: "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity" },
  mimeType: "image/jpeg",
  size: 10_000,
};

/** A record of the collection that the document with this id describes. */
export function recordOf(
  documents: readonly Lexicon[],
  id: string,
  random: Random,
): Record<string, unknown> {
  const { record } = definitionOf(documents, id, "#main");
  const made = new Maker(documents, random).object(record ?? { type: "object" }, id);
  return { $type: id, ...made };
}

/** The definition that a reference in the document `id` names. */
export function definitionOf(
  documents: readonly Lexicon[],
  id: string,
  reference: string,
): Definition {
  const [document, name = "main"] = reference.split("#");
  const found = documents.find((one) => one.id === (document || id))?.defs[name];
  if (found === undefined) throw new Error(`there is no definition ${reference} in ${id}`);
  return found as Definition;
}

class Maker {
  constructor(readonly documents: readonly Lexicon[], readonly random: Random) {}

  object({ properties = {}, required = [] }: Definition, id: string): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const [name, definition] of Object.entries(properties)) {
      if (!required.includes(name) && this.random.chance(0.5)) continue;
      made[name] = DESCRIBED[name]?.(this.random) ?? this.#value(definition, id);
    }
    return made;
  }

  #value(definition: Definition, id: string): unknown {
    const { random } = this;
    switch (definition.type) {
      case "ref": {
        const ref = definition.ref ?? "";
        const at = ref.startsWith("#") ? id : ref.split("#")[0] ?? id;
        return this.object(definitionOf(this.documents, id, ref), at);
      }
      case "array": {
        const length = random.pick([0, 1, 2, definition.maxLength ?? 3]);
        return Array.from({ length }, () => this.#value(definition.items!, id));
      }
      case "string":
        return this.#text(definition);
      case "integer":
        return random.pick([0, 1, 640, 2 ** 40]);
      case "boolean":
        return random.chance(0.5);
      case "blob":
        return BLOB;
      default:
        throw new Error(`cannot make a value of the type ${definition.type}`);
    }
  }

  #text({ enum: named, format, minLength = 0, maxGraphemes, maxLength }: Definition): string {
    if (named !== undefined) return this.random.pick(named);
    if (format === "datetime") return values.time(this.random);
    if (format === "did") return values.did(this.random);
    return values.text(this.random, minLength, maxGraphemes ?? Math.floor((maxLength ?? 200) / 4));
  }
}
