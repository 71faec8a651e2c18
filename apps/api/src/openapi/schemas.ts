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
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => [name, open(field as JsonSchema)] as const,
  );
  return {
    ...(additionalProperties === false ? rest : schema),
    ...(schema.properties === undefined ? {} : { properties: Object.fromEntries(properties) }),
    ...nested(schema, open),
  };
}

/** Names of fields in a text, which stand in backticks, as the wire spells them. */
export function spellText(text: string): string {
  return text.replace(/`[a-z]+(?:[A-Z][a-z]*)+`/g, snakeCase);
}

/** A format says what a pattern of three lines says once more. */
function withoutNoise(schema: JsonSchema): JsonSchema {
  const { pattern, ...rest } = schema;
  const dated = schema.format === "date-time" || schema.format === "date";
  return pattern === undefined || dated ? rest : schema;
}

function spellProperties(properties: Record<string, unknown>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [snakeCase(name), spellSchema(field as JsonSchema)]),
  );
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
