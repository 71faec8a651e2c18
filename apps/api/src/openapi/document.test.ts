import { errorCodes } from "@headroom/domain/errors";
import { describe, expect, test } from "vitest";
import { createRouteTable } from "../rest/table.ts";
import { appRouter } from "../router.ts";
import { probeRouter } from "../testing/routers.ts";
import { createOpenApiDocument } from "./document.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Node = { [key: string]: Json };

/** As a reader gets it: what JSON drops is not there. */
const documentOf = (router: Parameters<typeof createRouteTable>[0]): Node =>
  JSON.parse(JSON.stringify(createOpenApiDocument(createRouteTable(router))));

const isNode = (value: Json | undefined): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every object in a document, with the keys that lead to it. */
function* nodesOf(value: Json, trail: string[] = []): Generator<[string[], Node]> {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* nodesOf(item, [...trail, `${index}`]);
  if (!isNode(value)) return;
  yield [trail, value];
  for (const [key, item] of Object.entries(value)) yield* nodesOf(item, [...trail, key]);
}

function lookUp(document: Node, reference: string): Json | undefined {
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce<Json | undefined>((node, step) => (isNode(node) ? node[step] : undefined), document);
}

function operationsOf(document: Node): [string, string, Node][] {
  return Object.entries(document.paths as Node).flatMap(([path, methods]) =>
    Object.entries(methods as Node).map(([method, operation]): [string, string, Node] => [
      path,
      method,
      operation as Node,
    ]),
  );
}

describe.each([
  ["the api", appRouter],
  ["the probes", probeRouter],
])("the document of %s", (_name, router) => {
  const document = documentOf(router);
  const operations = operationsOf(document);

  test("has every route under each of its methods and paths, and nothing else", () => {
    const declared = createRouteTable(router).operations.flatMap(({ paths, methods }) =>
      paths.flatMap((path) => methods.map((method) => `${method} /v1${path}`)),
    );
    const documented = operations.map(([path, method]) => `${method.toUpperCase()} ${path}`);
    expect(documented.toSorted()).toEqual(declared.toSorted());
  });

  test("names every operation once", () => {
    const names = operations.map(([, , operation]) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  test("resolves every reference", () => {
    const references = [...nodesOf(document)].flatMap(([, node]) =>
      typeof node.$ref === "string" ? [node.$ref] : [],
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references)
      expect([reference, isNode(lookUp(document, reference))]).toEqual([reference, true]);
  });

  test("declares each path parameter exactly once, and none in the body again", () => {
    for (const [path, method, operation] of operations) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      const parameters = (operation.parameters ?? []) as Node[];
      const declared = parameters.filter((parameter) => parameter.in === "path");
      expect([path, method, declared.map(({ name }) => name)]).toEqual([path, method, inPath]);
      for (const parameter of parameters)
        expect(parameter.in === "path" ? parameter.required : true).toBe(true);
      const body = JSON.stringify(operation.requestBody ?? null);
      for (const name of inPath) expect(body).not.toContain(`"${name}":`);
      if (method === "get") expect(operation.requestBody).toBeUndefined();
    }
  });

  test("spells every property and parameter in snake_case, and requires only what is there", () => {
    for (const [trail, node] of nodesOf(document)) {
      // A map of properties is no schema, even where one of them is called `properties`.
      const isMap = (trail.length - 1 - trail.findLastIndex((key) => key !== "properties")) % 2 === 1;
      const names = isNode(node.properties) && !isMap ? Object.keys(node.properties) : [];
      for (const name of names) expect([...trail, name].at(-1)).toMatch(/^[a-z][a-z0-9_]*$/);
      if (names.length > 0) expect(names).toEqual(expect.arrayContaining((node.required ?? []) as Json[]));
      if (node.in === "query" || node.in === "path") expect(node.name).toMatch(/^[a-z][a-z0-9_]*$/);
    }
  });

  test("tells of every operation how it succeeds and how it can fail", () => {
    for (const [path, , operation] of operations) {
      const statuses = Object.keys(operation.responses as Node);
      expect([path, statuses]).toEqual([path, expect.arrayContaining(["400", "500", "503"])]);
      expect(statuses.filter((status) => status.startsWith("2"))).toHaveLength(1);
      const isPublic = (operation.security as Json[]).length === 0;
      expect(statuses.includes("401")).toBe(!isPublic);
    }
  });

  test("knows every error code", () => {
    const problem = lookUp(document, "#/components/schemas/problem") as {
      properties: { code: { enum: string[] } };
    };
    expect(problem.properties.code.enum).toEqual(Object.keys(errorCodes));
  });

  test("names only security schemes that it has", () => {
    const known = Object.keys(lookUp(document, "#/components/securitySchemes") as Node);
    const used = operations.flatMap(([, , operation]) => (operation.security as Node[]).flatMap(Object.keys));
    expect(new Set(used)).toEqual(new Set(known));
  });
});
