import { type JsonSchema, mapBelow } from "./schemas.ts";

/** The named schemas of a document: each is written once, and referred to where it stands. */
export type SchemaPool = {
  /** The schema with what has a name in it, or it itself, referred to. */
  share(schema: JsonSchema): JsonSchema;
  /** The same, and it has a name in any case: `name` when it has none yet. */
  shareAs(name: string, schema: JsonSchema): JsonSchema;
  /** As `shareAs`, for a schema that stands for nothing else even where it looks the same. */
  own(names: readonly string[], schema: JsonSchema): JsonSchema;
  /** Those that are referred to, in the order of their names. */
  used(): Record<string, JsonSchema>;
};

export function createSchemaPool(named: ReadonlyMap<string, JsonSchema>): SchemaPool {
  const definitions = new Map(named);
  const names = new Map([...named].toReversed().map(([name, schema]) => [keyOf(schema), name]));
  const used = new Map<string, JsonSchema>();

  function share(schema: JsonSchema): JsonSchema {
    const name = names.get(keyOf(schema));
    const definition = name === undefined ? undefined : definitions.get(name);
    // A reference adds or replaces a description, and cannot take one away.
    const isLost = definition?.description !== undefined && schema.description === undefined;
    if (name === undefined || definition === undefined || isLost) return mapBelow(schema, share);
    return refer(name, definition, schema);
  }

  function refer(name: string, definition: JsonSchema, schema: JsonSchema): JsonSchema {
    if (!used.has(name)) {
      used.set(name, {});
      used.set(name, mapBelow(definition, share));
    }
    const $ref = `#/components/schemas/${name}`;
    return schema.description === definition.description
      ? { $ref }
      : { $ref, description: schema.description };
  }

  return {
    share,
    shareAs(name, schema) {
      const key = keyOf(schema);
      if (!names.has(key)) {
        names.set(key, name);
        definitions.set(name, schema);
      }
      return share(schema);
    },
    own(candidates, schema) {
      const name = candidates.find(
        (one) => (definitions.get(one) ?? schema) === schema || sameAs(definitions.get(one), schema),
      );
      if (name === undefined) throw new Error(`${candidates.join(", ")}: no name is free`);
      definitions.set(name, schema);
      return refer(name, schema, schema);
    },
    used: () => sorted(Object.fromEntries(used)),
  };
}

function sameAs(one: JsonSchema | undefined, other: JsonSchema): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Descriptions belong to the place where a schema stands. */
function keyOf({ description: _, ...schema }: JsonSchema): string {
  return JSON.stringify(schema);
}

/** The entries in the order of their names: what is committed changes only where something changed. */
export function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
