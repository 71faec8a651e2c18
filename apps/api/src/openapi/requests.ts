import type { Path } from "../rest/routes.ts";
import { type Operation, parametersOf } from "../rest/table.ts";
import { type JsonSchema, spellSchema, withoutProperties } from "./schemas.ts";
import { securityOf } from "./security.ts";

/** A value under the wire's names: what an example gives. */
type Given = Readonly<Record<string, unknown>>;

/** A part of the document. Named, because the published types must not name zod's insides. */
type Part = Record<string, unknown>;

/** Parameters and body of one procedure at one of its places; `given` is the example's input. */
export function describeRequest(
  operation: Operation,
  path: Path,
  hasBody: boolean,
  given: Given | null,
): Part {
  const input = spellSchema(operation.inputSchema);
  const inPath = new Set(parametersOf(path));
  const rest = withoutProperties(input, inPath);
  const parameters = [
    ...[...inPath].map((name) => ({
      ...parameter(name, "path", true, propertyOf(input, name)),
      ...exampleOf(given, name),
    })),
    ...(hasBody ? [] : queryParameters(rest, given)),
    ...headerParameters(operation),
  ];
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody ? { requestBody: requestBody(rest, bodyOf(given, inPath)) } : {}),
  };
}

function queryParameters(input: JsonSchema, given: Given | null): Part[] {
  return Object.entries(input.properties ?? {}).map(([name, schema]) => ({
    ...parameter(name, "query", input.required?.includes(name) ?? false, schema as JsonSchema),
    ...exampleOf(given, name),
  }));
}

function exampleOf(given: Given | null, name: string) {
  return given?.[name] === undefined ? {} : { example: given[name] };
}

function bodyOf(given: Given | null, inPath: ReadonlySet<string>): Given | undefined {
  if (given === null) return undefined;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !inPath.has(name)));
}

/** Where an input has several forms, the parameter is described by the first that has it. */
function propertyOf(input: JsonSchema, name: string): JsonSchema {
  const forms = [input, ...(input.anyOf ?? [])] as JsonSchema[];
  return (forms.find((form) => form.properties?.[name] !== undefined)?.properties?.[name] ??
    {}) as JsonSchema;
}

/** A parameter in a path or a query. */
export function parameter(
  name: string,
  place: "path" | "query",
  required: boolean,
  described: JsonSchema,
): Part {
  const { description, ...schema } = described;
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
}

/** The body of a call whose fields the schema describes. */
export function requestBody(schema: JsonSchema, example?: Given): Part {
  const content = { "application/json": { schema, ...(example === undefined ? {} : { example }) } };
  return { required: !allowsNothing(schema), content };
}

/** True when a body without fields, or none, is an input too. */
function allowsNothing(schema: JsonSchema): boolean {
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms !== undefined) return forms.some((form) => allowsNothing(form as JsonSchema));
  return (schema.required ?? []).length === 0;
}

function headerParameters(operation: Operation) {
  const names = [
    ...(takesIdempotencyKey(operation) ? ["idempotencyKey"] : []),
    ...(operation.route.etag === undefined ? [] : ["ifNoneMatch"]),
    ...(securityOf(operation.meta.permission).length > 1 ? ["onBehalfOf"] : []),
  ];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** Giving back happens once by itself. */
const keyless: readonly string[] = ["usage.release", "usage.void"];

/** What creates, here or at Stripe, and what takes units. */
function takesIdempotencyKey({ procedure, route, meta }: Operation): boolean {
  const creates = route.status === 201 || procedure === "billing.checkout";
  return creates || (meta.permission === "usage:write" && !keyless.includes(procedure));
}

/** The headers that calls of several procedures take. */
export const sharedParameters = {
  ifNoneMatch: {
    name: "If-None-Match",
    in: "header",
    required: false,
    description:
      "The `ETag` of the answer that the caller has: while it still holds, the answer is 304 without a body",
    schema: { type: "string" },
  },
  idempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "The same call under the same key happens once: a repetition is answered with what was made at first, without " +
      "its secrets. Other input under it is 409 `idempotency_mismatch`. For usage it is the key of an event that has " +
      "none of its own.",
    schema: { type: "string", pattern: "^[!-~]{1,255}$" },
    example: "5f3c0e8a-2f64-4c1b-9a7e-0d6b8f1e2c34",
  },
  onBehalfOf: {
    name: "Headroom-On-Behalf-Of",
    in: "header",
    required: false,
    description: "The user whom a platform key with the scope `impersonate` acts for",
    schema: { type: "string", pattern: "^usr_[0-9a-f-]{36}$" },
  },
};
