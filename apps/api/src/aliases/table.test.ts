import { presetNames } from "@headroom/domain/configuration";
import { describe, expect, test } from "vitest";
import { createOpenApiDocument } from "../openapi/document.ts";
import { createRouteTable } from "../rest/table.ts";
import { appRouter } from "../router.ts";
import { asItIs } from "./answers.ts";
import { describeAliases } from "./openapi.ts";
import type { AliasRow } from "./rows.ts";
import { createAliasTable } from "./table.ts";

const routes = createRouteTable(appRouter);
const row: AliasRow = {
  method: "GET",
  path: "/team/{team_id}",
  procedure: "organizations.get",
  fields: { team_id: { to: "organizationId", id: "org" } },
  answer: asItIs,
};

describe("a row that cannot be answered keeps the api from starting", () => {
  const build = (...rows: AliasRow[]) => createAliasTable("crawler", routes, { rows, same: [] });

  test("one that can be is found", () => {
    expect(build(row).find("GET", "/team/a")).toMatchObject({ kind: "found", parameters: { team_id: "a" } });
    expect(build(row).find("PUT", "/team/a")).toMatchObject({ kind: "wrong_method", allowed: ["GET"] });
    expect(build(row).find("GET", "/team")).toEqual({ kind: "nothing" });
  });

  test.each<[string, Partial<AliasRow>, string]>([
    ["an unknown procedure", { procedure: "organizations.merge" }, "names organizations.merge"],
    ["an unknown procedure for what follows", { rest: "members.more" }, "names members.more"],
    ["a field that the procedure lacks", { fields: { team_id: { to: "teamId" } } }, "names teamId"],
    ["something implied that the procedure lacks", { implied: { teamId: "a" } }, "names teamId"],
    ["a path parameter that is no field", { fields: {} }, "names team_id"],
    ["a place of /v1", { path: "/v1/organizations/{team_id}" }, "is in /v1 already"],
  ])("%s", (_, change, fault) => {
    expect(() => build({ ...row, ...change })).toThrow(fault);
  });

  test("two rows for one place", () => {
    expect(() =>
      build(row, { ...row, path: "/team/{id}", fields: { id: { to: "organizationId" } } }),
    ).toThrow("two rows claim GET /team/{}");
  });

  test("what /v1 should have in common and has not", () => {
    const place = { method: "GET", path: "/v1/usage", procedure: "plans.list" } as const;
    expect(() => createAliasTable("crawler", routes, { rows: [], same: [place] })).toThrow(
      "is not plans.list",
    );
  });
});

type Node = { [key: string]: unknown };

function* schemasIn(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  if ("properties" in value) yield value as Node;
  for (const item of Object.values(value)) yield* schemasIn(item);
}

describe.each(presetNames)("the document under %s", (preset) => {
  const { aliases, ...table } = createAliasTable(preset, routes);
  const paths = describeAliases({ aliases, ...table });
  const document = JSON.parse(JSON.stringify(createOpenApiDocument(routes, paths)));
  const operations = aliases.map(({ row: { method, path } }) => document.paths[path][method.toLowerCase()]);

  test("has every row, under the preset's tag, with a name of its own", () => {
    for (const operation of operations)
      expect(operation).toMatchObject({ tags: [preset], deprecated: false });
    const all = Object.values(document.paths).flatMap((methods) => Object.values(methods as Node)) as Node[];
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  test("declares each field of each row, where it stands", () => {
    for (const [index, { row: declared }] of aliases.entries()) {
      const { parameters = [], requestBody } = operations[index];
      const body = requestBody?.content["application/json"].schema;
      const names = parameters.map(({ name }: { name: string }) => name);
      expect([...names, ...Object.keys(body?.properties ?? {})].toSorted()).toEqual(
        Object.keys(declared.fields).toSorted(),
      );
      for (const parameter of parameters) expect(parameter.schema).not.toEqual({});
      for (const field of Object.values(body?.properties ?? {})) expect(field).not.toEqual({});
    }
  });

  test("shows a request that the source takes, and its answer", () => {
    for (const [index, { row: declared }] of aliases.entries()) {
      const { parameters = [], requestBody, responses } = operations[index];
      const body = requestBody?.content["application/json"];
      const required = parameters.filter(({ required }: { required: boolean }) => required);
      for (const { name, example } of required)
        expect([declared.path, name, example]).not.toContain(undefined);
      const given = {
        ...Object.fromEntries(parameters.map(({ name, example }: Node) => [name, example])),
        ...body?.example,
      };
      expect(() => declared.check?.(given)).not.toThrow();
      expect(Object.keys(given)).toEqual(expect.arrayContaining(body?.schema.required ?? []));
      const success = Object.keys(responses).find((status) => status.startsWith("2")) ?? "";
      const { schema, example } = responses[success].content["application/json"];
      expect(Array.isArray(example)).toBe(schema.type === "array");
      if (!Array.isArray(example))
        expect(Object.keys(example)).toEqual(expect.arrayContaining(schema.required ?? []));
    }
  });

  test("describes every answer, and requires only what is there", () => {
    for (const operation of operations) {
      const [success] = Object.entries(operation.responses).find(([status]) => status.startsWith("2")) ?? [];
      const { schema } = operation.responses[success ?? ""].content["application/json"];
      expect(schema.type).toMatch(/^(object|array)$/);
      expect(JSON.stringify(schema)).not.toContain("next_cursor");
      for (const { properties, required = [] } of schemasIn(schema))
        expect(Object.keys(properties as Node)).toEqual(expect.arrayContaining(required as string[]));
    }
  });
});
