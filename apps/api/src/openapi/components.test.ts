import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type PresetName, presetNames } from "@headroom/domain/configuration";
import { loadConfiguration } from "@headroom/service/configuration";
import { describe, expect, test } from "vitest";
import { describeAliases } from "../aliases/openapi.ts";
import { createAliasTable } from "../aliases/table.ts";
import { createReferenceDocument } from "../reference/document.ts";
import { createRouteTable } from "../rest/table.ts";
import { createRoleAliases } from "../role-aliases.ts";
import { appRouter } from "../router.ts";
import { lookUp, matches } from "../testing/json-schema.ts";
import { createOpenApiDocument } from "./document.ts";

type Node = { [key: string]: unknown };

const root = path.resolve(import.meta.dirname, "../../../..");
const committed = path.join(root, "docs/openapi.json");
const configuration = await loadConfiguration(path.join(root, "headroom.config.ts"));
const asRead = (value: unknown): Node => JSON.parse(JSON.stringify(value));

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every object in a document, with the keys that lead to it. */
function* nodesOf(value: unknown, trail: string[] = []): Generator<[string[], Node]> {
  if (isNode(value)) yield [trail, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* nodesOf(item, [...trail, key]);
}

/** A document with what was shared written out again where it stands. */
function writtenOut(value: unknown, document: Node, kept: Node): unknown {
  if (Array.isArray(value)) return value.map((item) => writtenOut(item, document, kept));
  if (!isNode(value)) return value;
  const { $ref, ...beside } = value;
  const isShared = typeof $ref === "string" && !isThere(kept, $ref);
  if (isShared) return writtenOut({ ...(lookUp(document, $ref) as Node), ...beside }, document, kept);
  const { examples, ...others } = value as { examples?: { example?: { $ref: string } } };
  const shown = examples?.example?.$ref;
  if (shown !== undefined)
    return writtenOut({ ...others, example: (lookUp(document, shown) as Node).value }, document, kept);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, writtenOut(item, document, kept)]),
  );
}

function isThere(document: Node, reference: string): boolean {
  try {
    return isNode(lookUp(document, reference));
  } catch {
    return false;
  }
}

/** What the api serves under a configuration, and the same with everything written out. */
function documentsUnder(options: { preset?: PresetName; roles?: { agent: "member" } }) {
  const table = createRouteTable(appRouter, options.roles);
  const roles = createRoleAliases(appRouter, options.roles ?? {});
  const aliases = options.preset === undefined ? null : createAliasTable(options.preset, table);
  const whole = createOpenApiDocument(table, aliases ? describeAliases(aliases, roles) : {}, roles);
  return {
    whole: asRead(whole),
    shared: asRead(createReferenceDocument(table, aliases, roles, options.roles ?? {})),
  };
}

const shipped = documentsUnder({});

const configurations: [string, Parameters<typeof documentsUnder>[0]][] = [
  ["the shipped configuration", {}],
  ["other names of roles", { roles: { agent: "member" } }],
  ...presetNames.map((preset): [string, { preset: PresetName }] => [`the preset ${preset}`, { preset }]),
];

describe.each(configurations)("the document under %s", (_name, options) => {
  const { whole, shared } = documentsUnder(options);

  test("says what it says with everything written out", () => {
    expect(writtenOut(shared.paths, shared, whole)).toEqual(whole.paths);
  });

  test("refers to what it has, and has nothing that nobody refers to", () => {
    const references = [...nodesOf(shared)].flatMap(([, { $ref }]) =>
      typeof $ref === "string" ? [$ref] : [],
    );
    for (const reference of new Set(references)) expect(isNode(lookUp(shared, reference))).toBe(true);
    for (const kind of ["schemas", "responses", "parameters"])
      for (const name of Object.keys((shared.components as Node)[kind] as Node))
        expect(references).toContain(`#/components/${kind}/${name}`);
  });

  test("shows examples that are what their schemas ask for", () => {
    let seen = 0;
    for (const [trail, { schema, example, examples = {} }] of nodesOf(shared)) {
      if (!isNode(schema)) continue;
      const shown = Object.values(examples as Node).map(
        (one) => (lookUp(shared, (one as { $ref: string }).$ref) as Node).value,
      );
      for (const value of [...(example === undefined ? [] : [example]), ...shown]) {
        expect([trail.join(" "), value, matches(schema, value, shared)]).toEqual([
          trail.join(" "),
          value,
          true,
        ]);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(250);
  });

  test("asks in each place for what that place takes", () => {
    for (const [place, methods] of Object.entries(shared.paths as Node))
      for (const operation of Object.values(methods as Node) as Node[])
        for (const [, { name, required, in: where }] of nodesOf(operation.parameters))
          if (where === "path") expect([place, name, required]).toEqual([place, name, true]);
  });
});

describe("the document that is published", () => {
  const text = `${JSON.stringify(shipped.shared, null, 2)}\n`;

  /** `UPDATE_DOCS=1` writes it anew. */
  test("is what the api serves under the shipped configuration", () => {
    expect([configuration.preset, configuration.policies.roles.aliases]).toEqual([null, {}]);
    if (process.env.UPDATE_DOCS === "1") writeFileSync(committed, text);
    expect(
      readFileSync(committed, "utf8") === text,
      "docs/openapi.json is old: UPDATE_DOCS=1 writes it",
    ).toBe(true);
  });

  test("is small enough to be read over a phone", () => {
    const served = JSON.stringify(shipped.shared);
    expect(served.length).toBeLessThan(400_000);
    expect(gzipSync(served).length).toBeLessThan(50_000);
  });

  test("gives every body and every answer a name", () => {
    const unnamed = [...nodesOf(shipped.shared.paths)].flatMap(([trail, node]) =>
      trail.at(-1) === "application/json" && typeof (node.schema as Node).$ref !== "string"
        ? [trail.join(" ")]
        : [],
    );
    expect(unnamed).toEqual([]);
    const names = Object.keys((shipped.shared.components as { schemas: Node }).schemas);
    for (const name of names) expect(name).toMatch(/^([A-Z][a-z]+)+$/);
    expect(names).toEqual(
      expect.arrayContaining(["Organization", "Member", "ConsumeAnswer", "Plan", "Problem"]),
    );
  });

  test("shows, where a call names something else than at its other places, a call of its own", () => {
    const { post } = (shipped.whole.paths as Node)["/v1/usage/void"] as { post: { requestBody: unknown } };
    expect(JSON.stringify(post.requestBody)).toContain('"example":{"organization_id"');
    expect(JSON.stringify(post.requestBody)).not.toMatch(/"example":\{[^}]*"event_id"/);
    expect(JSON.stringify(post.requestBody)).toMatch(/"example":\{[^}]*"idempotency_key"/);
  });

  test("tells of every refusal which codes it may have", () => {
    for (const [trail, node] of nodesOf(shipped.whole.paths)) {
      if (trail.at(-1) !== "application/problem+json") continue;
      const { allOf } = node.schema as { allOf: [Node, { properties: { code: { enum: string[] } } }] };
      expect(allOf[1].properties.code.enum).toEqual(Object.keys(node.examples as Node));
    }
  });
});
