import { pascalCase } from "./names.ts";
import { createSchemaPool, type SchemaPool, sorted } from "./schema-pool.ts";
import type { JsonSchema } from "./schemas.ts";

type Part = Record<string, unknown>;
type Content = { schema?: JsonSchema; example?: unknown; examples?: Part };
type Response = { content?: Record<string, Content> };
type Parameter = { $ref?: string; name: string; in: string; schema: JsonSchema };
type Operation = {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, Response | Part>;
};

/** Whatever a document says twice and is longer than this is said once. */
const longExample = 200;

/**
 * The same document with its schemas under names, and with parameters, examples and responses that repeat said once:
 * what is written out says the same. `named` are the schemas whose names are known, the others are named after the
 * operations that they are of.
 */
export function shareComponents(document: Part, named: ReadonlyMap<string, JsonSchema>): Part {
  const shared = JSON.parse(JSON.stringify(document)) as Part;
  const components = shared.components as Record<string, Part>;
  const operations = Object.values(shared.paths as Record<string, Record<string, Operation>>).flatMap(
    (methods) => Object.values(methods),
  );
  const pool = createSchemaPool(named);
  for (const operation of operations) nameSchemasOf(operation, pool);
  const parameters = shareParameters(operations);
  const examples = shareExamples(operations);
  const responses = shareResponses(operations);
  shared.components = {
    ...components,
    schemas: sorted({ ...components.schemas, ...pool.used() }),
    parameters: sorted({ ...components.parameters, ...parameters }),
    examples: sorted({ ...components.examples, ...examples }),
    responses: sorted(responses),
  };
  return shared;
}

function nameSchemasOf(
  { operationId, parameters = [], requestBody, responses }: Operation,
  pool: SchemaPool,
): void {
  for (const parameter of parameters)
    if (parameter.$ref === undefined) parameter.schema = pool.share(parameter.schema);
  for (const content of jsonOf(requestBody)) {
    if (content.schema === undefined) continue;
    content.schema = pool.own(inputNames(operationId, content.schema), content.schema);
  }
  for (const content of Object.values(responses).flatMap((response) => jsonOf(response as Response)))
    if (content.schema !== undefined)
      content.schema = pool.shareAs(`${pascalCase(operationId)}Answer`, content.schema);
}

/** Named after the procedure, at a place that takes something else after the place. */
function inputNames(operationId: string, { properties, anyOf }: JsonSchema): string[] {
  if (anyOf === undefined && Object.keys(properties ?? {}).length === 0) return ["EmptyInput"];
  return [procedureOf(operationId), operationId].map((name) => `${pascalCase(name)}Input`);
}

/** `usage.void.without_event_id` → `usage.void`. */
function procedureOf(operationId: string): string {
  return operationId.replace(/\.(put|by_\w+|without_\w+)$/, "");
}

function jsonOf(body: { content?: Record<string, Content> } | undefined): Content[] {
  const content = body?.content?.["application/json"];
  return content === undefined ? [] : [content];
}

/** Of the forms that a parameter has in different operations, the most frequent is a component. */
function shareParameters(operations: readonly Operation[]): Part {
  const written = operations.flatMap(({ parameters = [] }) =>
    parameters.filter(({ $ref }) => $ref === undefined),
  );
  const shared = [...Map.groupBy(written, (one) => `${one.in}.${one.name}`)].flatMap(([name, those]) => {
    const [most = []] = [...Map.groupBy(those, (one) => JSON.stringify(one)).values()].toSorted(
      (one, other) => other.length - one.length,
    );
    return most.length > 1 ? [[pascalCase(name), most[0]] as const] : [];
  });
  const references = new Map(shared.map(([name, parameter]) => [JSON.stringify(parameter), name]));
  for (const operation of operations) {
    operation.parameters &&= operation.parameters.map((parameter) => {
      const name = references.get(JSON.stringify(parameter));
      return name === undefined ? parameter : ({ $ref: `#/components/parameters/${name}` } as Parameter);
    });
  }
  return Object.fromEntries(shared);
}

/** An example that several operations show is named after the schema that it is of. */
function shareExamples(operations: readonly Operation[]): Part {
  const shared: Part = {};
  const contents = operations.flatMap(({ requestBody, responses }) =>
    [requestBody, ...Object.values(responses)].flatMap((body) => jsonOf(body as Response)),
  );
  for (const [value, those] of Map.groupBy(contents, ({ example }) => JSON.stringify(example))) {
    const [first] = those;
    if (value === undefined || value.length < longExample || those.length < 2) continue;
    const name = freeName(shared, first?.schema?.$ref?.split("/").at(-1) ?? "Example");
    shared[name] = { value: first?.example };
    for (const content of those) {
      delete content.example;
      content.examples = { example: { $ref: `#/components/examples/${name}` } };
    }
  }
  return shared;
}

function freeName(taken: Part, name: string, count = 1): string {
  const candidate = count === 1 ? name : `${name}${count}`;
  return candidate in taken ? freeName(taken, name, count + 1) : candidate;
}

/** Refusals are shared by all that answer the same codes, successes by the places of one procedure. */
function shareResponses(operations: readonly Operation[]): Record<string, unknown> {
  const written = operations.flatMap((operation) =>
    Object.entries(operation.responses).map(([status, response]) => ({ operation, status, response })),
  );
  const shared: Record<string, unknown> = {};
  const groups = Map.groupBy(written, ({ operation, response }) => {
    const name = refusalName(response) ?? pascalCase(procedureOf(operation.operationId));
    return `${name} ${JSON.stringify(response)}`;
  });
  for (const [key, those] of groups) {
    if (those.length < 2) continue;
    const name = freeName(shared, key.split(" ", 1).join(""));
    shared[name] = those[0]?.response;
    for (const { operation, status } of those)
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return shared;
}

/** The codes of a refusal: `ForbiddenOrNotAMember`. */
function refusalName(response: Response): string | null {
  const { examples } = response.content?.["application/problem+json"] ?? {};
  return examples === undefined ? null : Object.keys(examples).map(pascalCase).join("Or");
}
