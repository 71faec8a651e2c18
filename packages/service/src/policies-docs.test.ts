import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { policiesShape } from "./configuration-policies.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

const page = readFileSync(new URL("../../../docs/policies.md", import.meta.url), "utf8");

/** `seats.basis`, with its values as the page writes them, the default in bold. */
type Policy = { name: string; values: string[] };

const groups = z.toJSONSchema(policiesShape, { io: "input" }).properties ?? {};
const policies: Policy[] = Object.entries(groups).flatMap(([group, schema]) =>
  Object.entries((schema as JsonSchema).properties ?? {}).map(([name, field]) => ({
    name: `${group}.${name}`,
    values: valuesOf(field as JsonSchema),
  })),
);

function valuesOf(schema: JsonSchema): string[] {
  const own = typeof schema.default === "string" ? schema.default : JSON.stringify(schema.default);
  return [`**\`${own}\`**`, ...othersOf(schema).filter((value) => value !== `\`${own}\``)];
}

/** What else it may be; where anything goes, whatever the page calls it. */
function othersOf(schema: JsonSchema): string[] {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``);
  if (schema.type === "boolean") return ["`true`", "`false`"];
  return schema.type === "integer" ? [`${schema.minimum} to ${schema.maximum}`] : ["a "];
}

test("the page has every policy of the schema, in its order, and no other", () => {
  const told = [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
  expect(policies.length).toBeGreaterThan(15);
  expect(told).toEqual(policies.map(({ name }) => name));
});

test.each(policies)("$name has each of its values, the default first and in bold", ({ name, values }) => {
  const [, section = ""] = page.split(`### ${name}\n`);
  const told = [...(section.split(/^##/m)[0] ?? "").matchAll(/^\| (?!value|--)(.+?) \| (.+) \|$/gm)];
  expect(told).toHaveLength(values.length);
  for (const [place, value] of values.entries()) expect(told[place]?.[1]).toContain(value);
  for (const [, , meaning] of told) expect(meaning).toMatch(/^[A-Z].{8,}\.$/);
});
