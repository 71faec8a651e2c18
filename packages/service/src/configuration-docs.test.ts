import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { configurationShape } from "./configuration-schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/configuration.md"), "utf8");
const published = page.split("\n").filter((line) => line.startsWith("| `"));
const expected = rowsOf("", z.toJSONSchema(configurationShape, { io: "input" }), new Set());

type Row = { key: string; values: string; fallback: string };

/** Every key that the schema takes. */
function rowsOf(key: string, schema: JsonSchema, required: ReadonlySet<string>): Row[] {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])] as JsonSchema[];
  // What only groups others stands for itself in their keys.
  const hasFields = schema.properties !== undefined || schema.oneOf !== undefined;
  const isGroup = hasFields && JSON.stringify(schema.default ?? {}) === "{}";
  const own = isGroup
    ? []
    : [{ key, values: valuesOf(schema), fallback: defaultOf(schema, required.has(key)) }];
  const rows = [...own, ...[schema, ...options].flatMap((one) => fieldsOf(key, one))];
  return [...Map.groupBy(rows, (row) => row.key).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, values: joined([first, ...others].map(({ values }) => values)) }],
  );
}

function joined(values: readonly string[]): string {
  return [...new Set(values)].join(", ");
}

function fieldsOf(place: string, schema: JsonSchema): Row[] {
  const below = (name: string) => (place === "" ? name : `${place}.${name}`);
  const required = new Set((schema.required ?? []).map(below));
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    rowsOf(below(name), field as JsonSchema, required),
  );
  const entry = schema.additionalProperties;
  const entries = typeof entry === "object" ? fieldsOf(below("<name>"), entry as JsonSchema) : [];
  const items = schema.items === undefined ? [] : fieldsOf(`${place}[]`, schema.items as JsonSchema);
  return [...fields, ...entries, ...items];
}

/** The key in a line of the page. */
function keyOf(line: string): string {
  return line.split("`")[1] ?? "";
}

function valuesOf(schema: JsonSchema): string {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])] as JsonSchema[];
  if (options.length > 0) return joined(options.map(valuesOf));
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  const { minimum, maximum, type } = schema as { minimum?: number; maximum?: number; type?: string };
  if (type === "null") return "`null`";
  if (type === "integer") {
    return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
      ? `integer from ${minimum}`
      : `integer ${minimum} to ${maximum}`;
  }
  if (type === "array") return `list of ${valuesOf(schema.items as JsonSchema)}`;
  if (type === "object") return typeof schema.additionalProperties === "object" ? "map" : "object";
  return type === "string" ? "text" : String(type);
}

function defaultOf(schema: JsonSchema, isRequired: boolean): string {
  if (schema.default === undefined) return isRequired ? "required" : "none";
  return `\`${JSON.stringify(schema.default)}\``;
}

describe("docs/configuration.md", () => {
  test.each(expected)("has $key with its values and default", ({ key, values, fallback }) => {
    const lines = published.filter((line) => keyOf(line) === key);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`| \`${key}\` | ${values} | ${fallback} | `);
    expect(lines[0]?.split(" | ").at(-1)).toMatch(/^\S.{9,}\S \|$/);
  });

  test("has no other key", () => {
    expect(published.map(keyOf).toSorted()).toEqual(expected.map(({ key }) => key).toSorted());
  });
});
