import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { configurationShape } from "./configuration-schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Row = { key: string; values: string; fallback: string; meaning: string };

const file = path.resolve(import.meta.dirname, "../../../docs/configuration.md");
const page = readFileSync(file, "utf8");
const rows = rowsOf("", z.toJSONSchema(configurationShape, { io: "input" }), new Set());

/** A line for every key that the schema takes. */
function rowsOf(key: string, schema: JsonSchema, required: ReadonlySet<string>): Row[] {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])] as JsonSchema[];
  // What only groups others stands for itself in their keys.
  const hasFields = schema.properties !== undefined || schema.oneOf !== undefined;
  const isGroup = hasFields && JSON.stringify(schema.default ?? {}) === "{}";
  const own = isGroup ? [] : [rowOf(key, schema, required.has(key))];
  const all = [...own, ...[schema, ...options].flatMap((one) => fieldsOf(key, one))];
  return [...Map.groupBy(all, (row) => row.key).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, values: joined([first, ...others].map(({ values }) => values)) }],
  );
}

function rowOf(key: string, schema: JsonSchema, isRequired: boolean): Row {
  const meaning = schema.description ?? "";
  return { key, values: valuesOf(schema), fallback: defaultOf(schema, isRequired), meaning };
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

/** `<!-- keys plans.<name>.seats below plans.<name> -->`, a table, `<!-- end -->`. */
const section = /<!-- keys (.+?)(?: below (\S+))? -->\n[\s\S]*?<!-- end -->/g;
const places = [...page.matchAll(section)].flatMap(([, keys = ""]) => keys.split(" "));

const isBelow = (key: string, place: string) =>
  key === place || key.startsWith(`${place}.`) || key.startsWith(`${place}[`);

/** Where a key stands: the section that names most of it. */
const placeOf = (key: string) =>
  places.filter((place) => isBelow(key, place)).toSorted((one, other) => other.length - one.length)[0];

/** The keys of a section; their names begin where it says. */
function sectionOf(keys: string, above: string | undefined): string {
  const wanted = new Set(keys.split(" "));
  const lines = rows
    .filter(({ key }) => wanted.has(placeOf(key) ?? ""))
    .map((row) => ({ ...row, key: above === undefined ? row.key : row.key.replace(`${above}.`, "") }))
    .map(({ key, values, fallback, meaning }) => `| \`${key}\` | ${values} | ${fallback} | ${meaning} |`);
  const head = `<!-- keys ${keys}${above === undefined ? "" : ` below ${above}`} -->`;
  return [head, "| key | values | default | meaning |", "|---|---|---|---|", ...lines, "<!-- end -->"].join(
    "\n",
  );
}

test("docs/configuration.md has every key as the schema has it; UPDATE_DOCS=1 writes the tables anew", () => {
  const generated = page.replace(section, (_, keys: string, above?: string) => sectionOf(keys, above));
  if (process.env.UPDATE_DOCS === "1") writeFileSync(file, generated);
  expect(generated).toBe(page);
});

test("its whole configuration is the one that is shipped", () => {
  const shipped = readFileSync(path.resolve(path.dirname(file), "../headroom.config.ts"), "utf8");
  expect(page).toContain(`\`\`\`ts\n${shipped}\`\`\`\n`);
});

test("every key stands in one section, and every section has keys", () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.map(({ key }) => key).filter((key) => placeOf(key) === undefined)).toEqual([]);
  expect(new Set(places).size).toBe(places.length);
  expect(places.filter((place) => !rows.some(({ key }) => placeOf(key) === place))).toEqual([]);
  expect(page.match(/^\| `/gm)).toHaveLength(rows.length);
});

test("the schema says of every key what it means", () => {
  expect(rows.filter(({ meaning }) => !/^\S.{8,}\.$/.test(meaning)).map(({ key }) => key)).toEqual([]);
});
