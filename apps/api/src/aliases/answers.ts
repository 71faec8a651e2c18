import { z } from "zod";
import type { JsonSchema } from "../openapi/schemas.ts";

/** An answer's fields, or a request's, by their names. */
export type AliasFields = Readonly<Record<string, unknown>>;

/** How REST's answer becomes the source's: the value, and the schema that the document publishes of it. */
export type Answer = {
  /** What differs from REST's answer, for the docs. */
  about: string;
  value(answer: AliasFields, given: AliasFields): unknown;
  schema(schema: JsonSchema): JsonSchema;
};

/** REST's answer as it is. */
export const asItIs: Answer = { about: "as in /v1", value: (answer) => answer, schema: (schema) => schema };

/** The list alone, without an object around it. */
export function bare(list: string): Answer {
  return {
    about: `the array of \`${list}\` alone`,
    value: (answer) => answer[list],
    schema: (schema) => (schema.properties?.[list] ?? {}) as JsonSchema,
  };
}

/** An answer of the source's own. */
export function own(about: string, shape: z.ZodType, value: Answer["value"]): Answer {
  return { about, value, schema: () => z.toJSONSchema(shape) };
}

/** One answer's fields with others in their stead or besides. */
export function withFields(
  before: Answer,
  shape: Readonly<Record<string, z.ZodType>>,
  fields: (answer: AliasFields, given: AliasFields) => AliasFields,
): Answer {
  const names = Object.keys(shape).map((name) => `\`${name}\``);
  return {
    about: `${before.about}, with ${names.join(", ")} of its own`,
    value: (answer, given) => ({ ...(before.value(answer, given) as AliasFields), ...fields(answer, given) }),
    schema: (schema) => {
      const { properties, ...rest } = before.schema(schema);
      const added = Object.entries(shape).map(([name, type]) => [name, z.toJSONSchema(type)]);
      return { ...rest, properties: { ...properties, ...Object.fromEntries(added) } } as JsonSchema;
    },
  };
}

/** Every key spelled in the source's way. */
export function spelled(before: Answer, spell: (key: string) => string): Answer {
  return {
    about: `${before.about}, in the source's spelling`,
    value: (answer, given) => spellKeys(before.value(answer, given), spell),
    schema: (schema) => spellSchemaKeys(before.schema(schema), spell),
  };
}

function spellKeys(value: unknown, spell: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => spellKeys(item, spell));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [spell(key), spellKeys(item, spell)]));
}

function spellSchemaKeys(schema: JsonSchema, spell: (key: string) => string): JsonSchema {
  const { properties, required, ...rest } = schema;
  const nested = Object.entries(rest).map(([key, value]) => [key, spellNested(value, spell)]);
  return {
    ...Object.fromEntries(nested),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, field]) => [
          spell(name),
          spellSchemaKeys(field as JsonSchema, spell),
        ]),
      ),
    }),
    ...(required && { required: required.map(spell) }),
  };
}

function spellNested(value: unknown, spell: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => spellNested(item, spell));
  if (typeof value !== "object" || value === null) return value;
  return spellSchemaKeys(value as JsonSchema, spell);
}
