import type { z } from "zod";
import { snakeCase } from "../rest/names.ts";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The same schema with our property names as the wire spells them. Defaults and patterns stay as they are. */
export function spellSchema(schema: JsonSchema): JsonSchema {
  const { $schema: _dialect, ...rest } = schema;
  return {
    ...rest,
    ...(schema.properties === undefined ? {} : { properties: spellProperties(schema.properties) }),
    ...(schema.required === undefined ? {} : { required: schema.required.map(snakeCase) }),
    ...spellNested(schema),
  };
}

function spellProperties(properties: Record<string, unknown>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [snakeCase(name), spellSchema(field as JsonSchema)]),
  );
}

function spellNested(schema: JsonSchema): Partial<JsonSchema> {
  const lists = (["anyOf", "oneOf", "allOf", "prefixItems"] as const).flatMap((key) =>
    schema[key] === undefined
      ? []
      : [[key, schema[key].map((option) => spellSchema(option as JsonSchema))] as const],
  );
  const singles = (["items", "additionalProperties"] as const).flatMap((key) =>
    typeof schema[key] === "object" ? [[key, spellSchema(schema[key] as JsonSchema)] as const] : [],
  );
  return Object.fromEntries([...lists, ...singles]);
}

/** An object schema without the named properties: a body without what stands in the path. */
export function withoutProperties(schema: JsonSchema, names: ReadonlySet<string>): JsonSchema {
  if (schema.properties === undefined) return schema;
  const properties = Object.entries(schema.properties).filter(([name]) => !names.has(name));
  const required = schema.required?.filter((name) => !names.has(name)) ?? [];
  const { required: _all, ...rest } = schema;
  return {
    ...rest,
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
  };
}
