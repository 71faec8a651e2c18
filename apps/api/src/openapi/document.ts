import { errorCodes } from "@headroom/domain/errors";
import type { RouteTable } from "../rest/table.ts";
import { describeOperation } from "./operations.ts";

/** The OpenAPI 3.1 document of everything under `/v1`, and of the paths that a preset has besides. */
export function createOpenApiDocument(
  table: RouteTable,
  aliases: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const places = table.operations.flatMap((operation) =>
    operation.paths.flatMap((path) => operation.methods.map((method) => ({ operation, path, method }))),
  );
  const paths = Object.fromEntries(
    [...Map.groupBy(places, ({ path }) => path)].map(([path, those]) => [
      `/v1${path}`,
      Object.fromEntries(
        those.map(({ operation, method }) => [
          method.toLowerCase(),
          describeOperation(operation, path, method),
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
      description:
        "Organizations, seats, plans, usage limits and Stripe billing. Times are ISO 8601 UTC, quantities whole " +
        "numbers up to 2^53 − 1. `current` stands for the caller's active organization. Objects are strict: an " +
        "unknown field is refused. Errors are RFC 9457 problems.",
    },
    servers: [{ url: "/" }],
    paths: { ...paths, ...aliases },
    components: { securitySchemes, schemas: { problem } },
  };
}

const securitySchemes = {
  token: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A user's access token" },
  apiKey: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "hr_live_… or hr_test_…",
    description: "An API key",
  },
};

const problem = {
  type: "object",
  description: "RFC 9457 problem details",
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "One plain sentence" },
    code: { type: "string", enum: Object.keys(errorCodes), description: "What programs decide by" },
    details: { type: "object", description: "The numbers and names behind the refusal" },
    request_id: { type: "string", description: "Also in the header X-Request-Id" },
  },
  required: ["type", "title", "status", "detail", "code", "details", "request_id"],
};
