import { errorCodes } from "@headroom/domain/errors";
import { describe, expect, test } from "vitest";
import { createRouteTable } from "../rest/table.ts";
import { createRoleAliases } from "../role-aliases.ts";
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

/** A map of properties is no schema, even where one of them is called `properties`. */
function isMap(trail: readonly string[]): boolean {
  return (trail.length - 1 - trail.findLastIndex((key) => key !== "properties")) % 2 === 1;
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

  test.each(["operationId", "summary"])("says in its %s which operation is meant", (field) => {
    const names = operations.map(([, , { tags, [field]: name }]) => `${tags} ${name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
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
      const names = isNode(node.properties) && !isMap(trail) ? Object.keys(node.properties) : [];
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

  test("asks for a key where only a key will do", () => {
    const writes = /^\/v1\/(users|usage\/(consume|record|reservations|events|void)|probe\/take)/;
    for (const [path, method, { security }] of operations) {
      const keyOnly = writes.test(path) && !(method === "get" && path === "/v1/usage/reservations");
      const schemes = (security as Node[]).flatMap(Object.keys);
      expect([path, schemes]).toEqual([
        path,
        path.startsWith("/v1/operator/")
          ? ["token"]
          : schemes.length === 0
            ? []
            : keyOnly
              ? ["apiKey"]
              : ["token", "apiKey"],
      ]);
    }
  });

  test("knows every error code, with an example of each that its responses refer to", () => {
    const problem = lookUp(document, "#/components/schemas/Problem") as {
      properties: { code: { enum: string[] } };
    };
    expect(problem.properties.code.enum).toEqual(Object.keys(errorCodes));
    for (const code of Object.keys(errorCodes)) {
      const example = lookUp(document, `#/components/examples/${code}`) as { value: Node };
      expect(Object.keys(example.value)).toEqual(Object.keys(problem.properties));
      expect(example.value).toMatchObject({ code, type: `urn:headroom:error:${code}` });
    }
    for (const [path, , { responses }] of operations) {
      for (const [status, response] of Object.entries(responses as { [status: string]: Node })) {
        const content = ((response.content ?? {}) as Node)["application/problem+json"] as Node | undefined;
        for (const code of Object.keys((content?.examples ?? {}) as Node)) {
          const example = lookUp(document, `#/components/examples/${code}`) as { value: Node };
          expect([path, code, example.value.status]).toEqual([path, code, Number(status)]);
        }
      }
    }
  });

  test("names only security schemes that it has", () => {
    const known = Object.keys(lookUp(document, "#/components/securitySchemes") as Node);
    const used = operations.flatMap(([, , operation]) => (operation.security as Node[]).flatMap(Object.keys));
    expect(new Set(used)).toEqual(new Set(known));
  });
});

describe("the reference", () => {
  const document = documentOf(appRouter);
  const operations = operationsOf(document);
  const schemaOf = (content: Json | undefined) => ((content as Node)["application/json"] as Node)?.schema;

  test("tells what every operation is about, and what a caller needs", () => {
    for (const [path, method, { summary, description, security }] of operations) {
      expect([path, method, summary]).toEqual([path, method, expect.stringMatching(/^[A-Z][^.]+$/)]);
      if ((security as Json[]).length > 0) expect(description).toMatch(/Needs [^.]+/);
    }
  });

  test("describes every parameter and every field of a request whose meaning is not its name", () => {
    const plain = new Set(["name"]);
    const bare: string[] = [];
    for (const [path, method, { parameters = [], requestBody }] of operations) {
      for (const parameter of parameters as Node[])
        if (parameter.$ref === undefined && parameter.description === undefined)
          bare.push(`${method} ${path} ${parameter.name}`);
      if (requestBody === undefined) continue;
      for (const [trail, node] of nodesOf(schemaOf((requestBody as Node).content) ?? null)) {
        const isField = isMap(trail.slice(0, -1));
        if (isField && node.description === undefined && !plain.has(trail.at(-1) ?? ""))
          bare.push(`${method} ${path} ${trail.join(".")}`);
      }
    }
    expect(bare).toEqual([]);
  });

  test("shows a request and an answer of every operation, with all that is required", () => {
    for (const [path, method, { parameters = [], requestBody, responses }] of operations) {
      const shown = Object.entries(responses as { [status: string]: Node }).find(([status]) => status < "3");
      const contents = Object.values((shown?.[1].content ?? {}) as { [type: string]: Node });
      expect([path, method, contents.some(({ example }) => example !== undefined)]).toEqual([
        path,
        method,
        true,
      ]);
      for (const { name, required, example } of parameters as Node[])
        if (required === true) expect([path, name, typeof example]).toEqual([path, name, "string"]);
      if (requestBody === undefined) continue;
      const { schema, example } = ((requestBody as Node).content as Node)["application/json"] as {
        schema: Node;
        example: Node;
      };
      expect(Object.keys(example)).toEqual(expect.arrayContaining((schema.required ?? []) as Json[]));
    }
  });

  test("spells examples and the names in texts as the wire does", () => {
    for (const [trail, node] of nodesOf(document)) {
      if (trail.at(-1) === "example" && trail.includes("requestBody"))
        for (const name of Object.keys(node)) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      if (typeof node.description === "string")
        expect(node.description).not.toMatch(/`[a-z]+[A-Z][A-Za-z]*`/);
    }
    const { post } = (document.paths as Node)["/v1/usage/consume"] as { post: Node };
    const { content } = post.requestBody as { content: Node };
    expect((content["application/json"] as Node).example).toMatchObject({ idempotency_key: "job-7f3a9b4c" });
  });

  test("requires a body exactly where a call without one is refused", () => {
    const required = operations.filter(([, , { requestBody }]) => (requestBody as Node)?.required === true);
    const names = required.map(([, , { operationId }]) => operationId);
    expect(names).toContain("usage.record");
    expect(names).not.toContain("organizations.leave");
    expect(names).not.toContain("organizations.update");
  });

  test("offers an idempotency key wherever something is made, and says what becomes of another input", () => {
    const offered = (parameters: Json | undefined) =>
      JSON.stringify(parameters ?? []).includes("#/components/parameters/idempotencyKey");
    for (const [path, method, { parameters, responses }] of operations) {
      const others = /^\/v1\/usage\/(consume|record|.*\/commit)$|\/checkout$/;
      const makes = "201" in (responses as Node) || others.test(path);
      expect([path, method, offered(parameters)]).toEqual([path, method, makes]);
      if ("201" in (responses as Node))
        expect(JSON.stringify(responses)).toContain("#/components/examples/idempotency_mismatch");
    }
  });

  test("names the headers of limits where answers have them", () => {
    for (const [path, , { responses }] of operations) {
      for (const [status, response] of Object.entries(responses as { [status: string]: Node })) {
        const names = Object.keys((response.headers ?? {}) as Node);
        expect(names).toContain("X-Request-Id");
        if (status === "429")
          expect([path, names]).toEqual([
            path,
            ["X-Request-Id", "Retry-After", "RateLimit-Policy", "RateLimit"],
          ]);
      }
    }
  });

  test("says what each area is", () => {
    const described = (document.tags as Node[]).map(({ name }) => name);
    const used = operations.flatMap(([, , { tags }]) => tags as string[]);
    expect(described.toSorted()).toEqual([...new Set(used)].toSorted());
  });

  test("lets answers gain fields, and requests none", () => {
    for (const [trail, node] of nodesOf(document)) {
      if (!isNode(node.properties) || isMap(trail)) continue;
      const isRequest = trail.includes("requestBody");
      if (trail.includes("responses") && !isRequest) expect(node.additionalProperties).not.toBe(false);
    }
  });

  test("shows roles by the names that the configuration gives them", () => {
    const names = { agent: "member" } as const;
    const table = createRouteTable(appRouter, names);
    const text = JSON.stringify(createOpenApiDocument(table, {}, createRoleAliases(appRouter, names)));
    const shown = JSON.parse(text).paths["/v1/organizations/{organization_id}/permissions"].get;
    expect(shown.responses["200"].content["application/json"].example.role).toBe("agent");
  });
});
