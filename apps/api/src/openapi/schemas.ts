import type { z } from "zod";
import { snakeCase } from "../rest/names.ts";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The same schema with our property names as the wire spells them. Defaults and patterns stay as they are. */
export function spellSchema(schema: JsonSchema): JsonSchema {
  const { $schema: _dialect, ...rest } = schema;
  return {
    ...withoutNoise(rest),
    ...(schema.description === undefined ? {} : { description: spellText(schema.description) }),
    ...(schema.properties === undefined ? {} : { properties: spellProperties(schema.properties) }),
    ...(schema.required === undefined ? {} : { required: schema.required.map(snakeCase) }),
    ...nested(schema, spellSchema),
  };
}

/** The schema of an answer: it may gain fields, so that it does not say that it has no others. */
export function answerSchema(schema: JsonSchema): JsonSchema {
  return open(spellSchema(schema));
}

function open(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = schema;
  return mapBelow(additionalProperties === false ? rest : schema, open);
}

/** Names of fields in a text, which stand in backticks, as the wire spells them. */
export function spellText(text: string): string {
  return text.replace(/`[a-z]+(?:[A-Z][a-z]*)+`/g, snakeCase);
}

/** A format says what a pattern of three lines, or the largest number that JSON carries, says once more. */
function withoutNoise(schema: JsonSchema): JsonSchema {
  if (schema.format === "date-time" || schema.format === "date") {
    const { pattern: _, ...rest } = schema;
    return rest;
  }
  if (schema.type !== "integer") return schema;
  const { type, minimum, maximum, ...rest } = schema;
  // Generators take an integer without a format for one of 32 bits.
  return {
    type,
    ...(maximum === Number.MAX_SAFE_INTEGER ? { format: "int64" } : { maximum }),
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...rest,
  };
}

function spellProperties(properties: Record<string, unknown>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [snakeCase(name), spellSchema(field as JsonSchema)]),
  );
}

/** A schema with every schema directly below it changed. */
export function mapBelow(schema: JsonSchema, change: (below: JsonSchema) => JsonSchema): JsonSchema {
  const { properties } = schema;
  const fields = Object.entries(properties ?? {}).map(
    ([name, field]) => [name, change(field as JsonSchema)] as const,
  );
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...nested(schema, change),
  };
}

/** The schemas below one that are not its fields, each changed. */
function nested(schema: JsonSchema, change: (below: JsonSchema) => JsonSchema): Partial<JsonSchema> {
  const lists = (["anyOf", "oneOf", "allOf", "prefixItems"] as const).flatMap((key) =>
    schema[key] === undefined
      ? []
      : [[key, schema[key].map((option) => change(option as JsonSchema))] as const],
  );
  const singles = (["items", "additionalProperties"] as const).flatMap((key) =>
    typeof schema[key] === "object" ? [[key, change(schema[key] as JsonSchema)] as const] : [],
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
