import { descriptionOf } from "../openapi/operations.ts";
import { errorsOf, failures } from "../openapi/problems.ts";
import { parameter, requestBody } from "../openapi/requests.ts";
import { answerSchema, type JsonSchema, spellSchema } from "../openapi/schemas.ts";
import { securityOf } from "../openapi/security.ts";
import { snakeCase } from "../rest/names.ts";
import { parametersOf } from "../rest/table.ts";
import type { RoleAliases } from "../role-aliases.ts";
import { aliasExample } from "./examples.ts";
import { type AliasField, type AliasRow, takesBody } from "./rows.ts";
import type { Alias, AliasTable } from "./table.ts";

/** The OpenAPI paths of a preset's source, under the preset's tag. */
export function describeAliases(
  { preset, aliases }: AliasTable,
  roles: RoleAliases | null = null,
): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    [...Map.groupBy(aliases, ({ row }) => row.path)].map(([path, those]) => [
      path,
      Object.fromEntries(
        those.map((alias) => [
          alias.row.method.toLowerCase(),
          describeAlias(preset, alias, aliasExample(alias, roles)),
        ]),
      ),
    ]),
  );
}

function describeAlias(
  preset: string,
  { row, operation }: Alias,
  example: ReturnType<typeof aliasExample>,
): Record<string, unknown> {
  const { meta, procedure, route } = operation;
  const input = spellSchema(operation.inputSchema);
  const inPath = new Set(parametersOf(row.path));
  const hasBody = takesBody(row);
  const others = Object.entries(row.fields).filter(([name]) => !inPath.has(name));
  const { given = {}, answer } = example ?? {};
  const shown = (name: string) => (given[name] === undefined ? {} : { example: given[name] });
  const parameters = [
    ...[...inPath].map((name) => ({
      ...parameter(name, "path", true, schemaOf(input, row.fields[name])),
      ...shown(name),
    })),
    ...(hasBody ? [] : others).map(([name, field]) => ({
      ...parameter(name, "query", isRequired(input, field), schemaOf(input, field)),
      ...shown(name),
    })),
  ];
  const body = Object.fromEntries(others.flatMap(([name]) => (name in given ? [[name, given[name]]] : [])));
  const content = {
    "application/json": {
      schema: row.answer.schema(wholeAnswer(operation.outputSchema, row)),
      ...(example === null ? {} : { example: answer }),
    },
  };
  return {
    operationId: [preset, procedure].join("."),
    tags: [preset],
    summary: meta.summary ?? procedure,
    description: descriptionOf(operation),
    deprecated: false,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody
      ? { requestBody: requestBody(bodySchema(input, others), example === null ? undefined : body) }
      : {}),
    responses: {
      [row.status ?? route.status ?? 200]: { description: "The answer", content },
      ...failures(errorsOf(operation, hasBody)),
    },
    security: securityOf(meta.permission),
  };
}

function schemaOf(input: JsonSchema, field: AliasField | undefined): JsonSchema {
  return (input.properties?.[snakeCase(field?.to ?? "")] ?? {}) as JsonSchema;
}

function isRequired(input: JsonSchema, field: AliasField): boolean {
  return field.required ?? input.required?.includes(snakeCase(field.to)) ?? false;
}

function bodySchema(input: JsonSchema, fields: readonly [string, AliasField][]): JsonSchema {
  const required = fields.filter(([, field]) => isRequired(input, field)).map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(input, field)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** Without the cursor of a list that has no pages here. */
function wholeAnswer(outputSchema: JsonSchema, row: AliasRow): JsonSchema {
  const schema = answerSchema(outputSchema);
  if (row.rest === undefined) return schema;
  const { next_cursor: _, ...properties } = schema.properties ?? {};
  return {
    ...schema,
    properties,
    ...(schema.required && { required: schema.required.filter((name) => name !== "next_cursor") }),
  };
}
