import { toWire } from "../rest/names.ts";
import type { Download, Method, Path } from "../rest/routes.ts";
import { type Operation, parametersOf } from "../rest/table.ts";
import type { RoleAliases } from "../role-aliases.ts";
import { ids } from "./examples/ids.ts";
import type { Example } from "./examples/types.ts";
import { headers, nextCursorName } from "./headers.ts";
import { errorsOf, failures } from "./problems.ts";
import { describeRequest } from "./requests.ts";
import { answerSchema, type JsonSchema, spellText } from "./schemas.ts";
import { needOf, securityOf } from "./security.ts";

/** Its path with `current` in place of the id is another procedure's. */
const byIdAlone: readonly string[] = ["organizations.get"];

/** What the document tells besides what the procedures declare. */
export type Additions = {
  examples: ReadonlyMap<string, Example>;
  /** Other names of roles, which examples then use as well. */
  roles: RoleAliases | null;
};

/** The OpenAPI operation of one procedure at one of its places. */
export function describeOperation(
  operation: Operation,
  path: Path,
  method: Method,
  additions: Additions,
): Record<string, unknown> {
  const { procedure, meta } = operation;
  const [area = procedure] = procedure.split(".");
  const hasBody = method !== "GET" && method !== "DELETE";
  const example = spellExample(operation, path, additions);
  const description = descriptionOf(operation);
  const which = peculiarities(operation, path, method);
  return {
    operationId: [procedure, ...which].join("."),
    tags: [area],
    summary: [meta.summary ?? procedure, ...which.map((one) => `(${one.replaceAll("_", " ")})`)].join(" "),
    ...(description === "" ? {} : { description }),
    ...describeRequest(operation, path, hasBody, example?.input ?? null),
    responses: { ...success(operation, example?.output), ...failures(errorsOf(operation, hasBody)) },
    security: securityOf(meta.permission),
  };
}

/** What its author says, and what a caller needs. */
export function descriptionOf({ meta }: Operation): string {
  const said = meta.description === undefined ? null : spellText(meta.description);
  return [said, needOf(meta.permission)].filter((text) => text !== null).join("\n\n");
}

/** In what a place differs from the procedure's first one: `without_event_id`. */
function peculiarities({ paths, methods }: Operation, path: Path, method: Method): string[] {
  const [usual, here] = [parametersOf(paths[0] ?? ""), parametersOf(path)];
  return [
    ...(method === methods[0] ? [] : [method.toLowerCase()]),
    ...here.filter((name) => !usual.includes(name)).map((name) => `by_${name}`),
    ...usual.filter((name) => !here.includes(name)).map((name) => `without_${name}`),
  ];
}

/** The procedure's example at a place, under the wire's names. */
function spellExample(operation: Operation, path: Path, { examples, roles }: Additions) {
  const { procedure, inputNames, outputNames } = operation;
  const told = examples.get(procedure);
  if (told === undefined) return null;
  const example = told.at?.[path] ?? told;
  const output = roles?.get(procedure)?.write(example.output) ?? example.output;
  const input = toWire(inputNames, example.input) as Record<string, unknown>;
  // What a reader can try with a key of their own organization.
  const isOwn = input.organization_id === ids.organization && !byIdAlone.includes(procedure);
  return {
    input: isOwn ? { ...input, organization_id: "current" } : input,
    output: toWire(outputNames, output),
  };
}

function success(operation: Operation, example: unknown) {
  const { route, outputSchema } = operation;
  if (route.download !== undefined) return { 200: downloadOf(route.download, outputSchema, example) };
  const schema = answerSchema(outputSchema);
  const content = { "application/json": { schema, ...(example === undefined ? {} : { example }) } };
  const status = route.status ?? 200;
  return {
    [status]: {
      description: status === 201 ? "What was made" : "The answer",
      headers: headers(
        "X-Request-Id",
        ...(route.etag === undefined ? [] : ["ETag"]),
        ...limitHeadersOf(operation),
      ),
      content,
    },
    ...(route.etag === undefined ? {} : notModified),
  };
}

const notModified = {
  304: { description: "What the caller has still holds", headers: headers("X-Request-Id", "ETag") },
};

/** A limit that counts successes says how it stands; one that counts failures only names itself. */
function limitHeadersOf({ meta }: Operation): string[] {
  if (meta.failureLimit !== undefined) return ["RateLimit-Policy"];
  return meta.errors?.includes("rate_limited") === true ? ["RateLimit-Policy", "RateLimit"] : [];
}

function downloadOf({ types, render }: Download, outputSchema: JsonSchema, example: unknown) {
  const paged = outputSchema.properties?.nextCursor !== undefined;
  const shown = example === undefined ? null : render(example as never);
  return {
    description: "A text to be saved",
    headers: headers("X-Request-Id", "Content-Disposition", ...(paged ? [nextCursorName()] : [])),
    content: Object.fromEntries(
      types.map((type) => [
        type,
        { schema: { type: "string" }, ...(shown?.type === type ? { example: shown.text } : {}) },
      ]),
    ),
  };
}
