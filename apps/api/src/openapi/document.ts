import type { RouteTable } from "../rest/table.ts";
import type { RoleAliases } from "../role-aliases.ts";
import { procedureExamples } from "./examples/table.ts";
import { responseHeaders } from "./headers.ts";
import { describeOperation } from "./operations.ts";
import { problem, problemExamples } from "./problems.ts";
import { sharedParameters } from "./requests.ts";
import { securitySchemes } from "./security.ts";
import { tagsOf } from "./tags.ts";

/** The OpenAPI 3.1 document of everything under `/v1`, and of the paths that a preset has besides. */
export function createOpenApiDocument(
  table: RouteTable,
  aliases: Readonly<Record<string, unknown>> = {},
  roles: RoleAliases | null = null,
): Record<string, unknown> {
  const additions = { examples: procedureExamples, roles };
  const places = table.operations.flatMap((operation) =>
    operation.paths.flatMap((path) => operation.methods.map((method) => ({ operation, path, method }))),
  );
  const paths = Object.fromEntries(
    [...Map.groupBy(places, ({ path }) => path)].map(([path, those]) => [
      `/v1${path}`,
      Object.fromEntries(
        those.map(({ operation, method }) => [
          method.toLowerCase(),
          describeOperation(operation, path, method, additions),
        ]),
      ),
    ]),
  );
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Headroom",
      version: "1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description: about,
    },
    externalDocs: { description: "The guide", url: "/docs/guide" },
    servers: [{ url: "/", description: "The api that this document comes from" }],
    tags: tagsOf(aliases),
    paths: { ...paths, ...aliases },
    components: {
      securitySchemes,
      parameters: sharedParameters,
      headers: responseHeaders,
      schemas: { Problem: problem },
      examples: problemExamples,
    },
  };
}

const about = [
  "Organizations, seats, plans, usage limits and Stripe billing. Times are ISO 8601 UTC, quantities whole numbers up " +
    "to 2^53 − 1, amounts whole minor units of their currency, unit prices decimal strings of them.",
  "`current` stands for the caller's active organization; for a key of an organization it is that one, and a platform " +
    "key has none. An organization that is not the caller's is answered like one that does not exist.",
  "Lists answer `limit` items and `next_cursor`: what to give as `cursor` for the next page, null on the last one. " +
    "Requests are strict: an unknown field is 400. Answers may gain fields.",
  "Errors are RFC 9457 problems: decide by `code`. Besides those of each operation, an unknown address answers 404 " +
    "`route_not_found`, and a method that an address does not take 405 `method_not_allowed`.",
].join("\n\n");
