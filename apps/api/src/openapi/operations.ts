import { type ErrorCode, errorCodes, statusOf } from "@headroom/domain/errors";
import { type Download, type Method, nextCursorHeader, type Path } from "../rest/routes.ts";
import { type Operation, parametersOf } from "../rest/table.ts";
import { type JsonSchema, spellSchema, withoutProperties } from "./schemas.ts";

const everyCall: readonly ErrorCode[] = ["validation_failed", "internal", "unavailable"];
const signedIn: readonly ErrorCode[] = ["unauthenticated", "token_expired", "forbidden", "rate_limited"];
const withOrganization: readonly ErrorCode[] = ["organization_not_found", "no_active_organization"];
const withBody: readonly ErrorCode[] = ["payload_too_large", "unsupported_media_type"];

/** The OpenAPI operation of one procedure at one of its places. */
export function describeOperation(operation: Operation, path: Path, method: Method): Record<string, unknown> {
  const { procedure, meta } = operation;
  const [area = procedure] = procedure.split(".");
  const input = spellSchema(operation.inputSchema);
  const inPath = new Set(parametersOf(path));
  const hasBody = method !== "GET" && method !== "DELETE";
  const rest = withoutProperties(input, inPath);
  const parameters = [...pathParameters(input, inPath), ...(hasBody ? [] : queryParameters(rest))];
  const isPublic = meta.permission === "public";
  return {
    operationId: operationId(operation, path, method),
    tags: [area],
    summary: meta.summary ?? procedure,
    ...(meta.description === undefined ? {} : { description: meta.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody ? { requestBody: requestBody(rest) } : {}),
    responses: { ...success(operation), ...failures(errorsOf(operation, hasBody)) },
    security: isPublic ? [] : [{ token: [] }, { apiKey: [] }],
  };
}

/** The procedure's name at its first place; the others say which they are. */
function operationId({ procedure, paths, methods }: Operation, path: Path, method: Method): string {
  const which = [
    ...(method === methods[0] ? [] : [method.toLowerCase()]),
    ...(path === paths[0] ? [] : [String(paths.indexOf(path) + 1)]),
  ];
  return [procedure, ...which].join(".");
}

/** Every code that the operation can answer. */
export function errorsOf({ meta, inputNames }: Operation, hasBody: boolean): Set<ErrorCode> {
  return new Set([
    ...everyCall,
    ...(meta.permission === "public" ? [] : signedIn),
    ...(meta.permission !== "public" && inputNames.fields.has("organizationId") ? withOrganization : []),
    ...(hasBody ? withBody : []),
    ...(meta.errors ?? []),
  ]);
}

function pathParameters(input: JsonSchema, names: ReadonlySet<string>): Record<string, unknown>[] {
  return [...names].map((name) => parameter(name, "path", true, input.properties?.[name] as JsonSchema));
}

function queryParameters(input: JsonSchema): Record<string, unknown>[] {
  return Object.entries(input.properties ?? {}).map(([name, schema]) =>
    parameter(name, "query", input.required?.includes(name) ?? false, schema as JsonSchema),
  );
}

/** A parameter in a path or a query. */
export function parameter(
  name: string,
  place: "path" | "query",
  required: boolean,
  described: JsonSchema,
): Record<string, unknown> {
  const { description, ...schema } = described;
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
}

/** The body of a call whose fields the schema describes. */
export function requestBody(schema: JsonSchema): Record<string, unknown> {
  const isEmpty = Object.keys(schema.properties ?? {}).length === 0;
  return {
    required: !isEmpty && (schema.required ?? []).length > 0,
    content: { "application/json": { schema } },
  };
}

function success({ route, outputSchema }: Operation) {
  if (route.download !== undefined) return { 200: downloadOf(route.download, outputSchema) };
  const content = { "application/json": { schema: spellSchema(outputSchema) } };
  return { [route.status ?? 200]: { description: "The answer", content } };
}

function downloadOf({ types }: Download, outputSchema: JsonSchema) {
  const paged = outputSchema.properties?.nextCursor !== undefined;
  return {
    description: "A text to be saved",
    ...(paged ? { headers: { [nextCursorHeader]: nextCursor } } : {}),
    content: Object.fromEntries(types.map((type) => [type, { schema: { type: "string" } }])),
  };
}

const nextCursor = {
  description: "Where the next page begins; absent on the last one",
  schema: { type: "string" },
};

/** The responses of every refusal, by status. */
export function failures(codes: ReadonlySet<ErrorCode>) {
  const statuses = Map.groupBy(codes, (code) => statusOf(errorCodes[code]));
  return Object.fromEntries(
    [...statuses]
      .toSorted(([one], [other]) => one - other)
      .map(([status, those]) => [
        status,
        {
          description: those
            .toSorted()
            .map((code) => `\`${code}\``)
            .join(", "),
          ...(status === 429 || status === 503 ? { headers: { "Retry-After": retryAfter } } : {}),
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/problem" } } },
        },
      ]),
  );
}

const retryAfter = { description: "Seconds to wait before the next try", schema: { type: "integer" } };
