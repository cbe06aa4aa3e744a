/** Random records that are valid by a zod schema of the mapper: made from the schema alone. */

import type { z } from "zod";
import type { FieldMeta } from "../../../lib/mapper/field.ts";
import type { Random } from "../model/random.ts";
import * as values from "./values.ts";

/** What is read of a schema's own description. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly entries?: Readonly<Record<string, string>>;
  readonly element?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly maximum?: number } } }[];
}

/** The schema without what makes it optional. */
export function innerOf(schema: z.ZodType): z.ZodType {
  const { innerType } = definitionOf(schema);
  return innerType === undefined ? schema : innerOf(innerType);
}

export function isOptional(schema: z.ZodType): boolean {
  return definitionOf(schema).type === "optional";
}

export function metaOf(schema: z.ZodType): FieldMeta | undefined {
  return innerOf(schema).meta() as FieldMeta | undefined;
}

/** Fields of an object, by name. */
export function fieldsOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return definitionOf(innerOf(schema)).shape ?? {};
}

/** The item of a list with the most of them, where the schema is a list. */
export function listOf(schema: z.ZodType): { item: z.ZodType; most: number } | null {
  const definition = definitionOf(innerOf(schema));
  if (definition.type !== "pipe") return null;
  const [check] = definitionOf(definition.in!).checks ?? [];
  const { element } = definitionOf(definition.out!);
  return element === undefined ? null : { item: element, most: check?._zod.def.maximum ?? 0 };
}

/** A value without nulls, and with decimal text where a number may have a fraction. */
export function valueOf(schema: z.ZodType, name: string, random: Random): unknown {
  const meta = metaOf(schema);
  switch (meta?.field) {
    case "text":
      return values.text(random, 1, meta.most);
    case "reference":
      return values.reference(
        random,
        name === "eventId" ? "app.subcult.event" : "app.subcult.scene",
      );
    case "did":
      return values.did(random);
    case "time":
      return values.time(random);
    case "decimal":
      return values.decimal(random, meta.least, meta.most);
  }
  const list = listOf(schema);
  if (list !== null) {
    const length = random.pick([0, 1, list.most]);
    return Array.from({ length }, () => valueOf(list.item, name, random));
  }
  const { type, entries = {} } = definitionOf(innerOf(schema));
  switch (type) {
    case "object":
      return objectOf(schema, random);
    case "enum":
      return random.pick(Object.values(entries));
    case "boolean":
      return random.chance(0.5);
    case "number":
      return random.pick([0, 1, 640, 2 ** 40]);
    case "string":
      return values.text(random, 1, 200);
    default:
      throw new Error(`cannot make ${name}: a schema of the type ${type}`);
  }
}

export function objectOf(schema: z.ZodType, random: Random): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fieldsOf(schema))) {
    if (isOptional(field) && random.chance(0.5)) continue;
    made[name] = valueOf(field, name, random);
  }
  return made;
}

function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def as Definition;
}
