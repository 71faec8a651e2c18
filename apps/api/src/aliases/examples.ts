import { procedureExamples } from "../openapi/examples/table.ts";
import { toWire } from "../rest/names.ts";
import type { RoleAliases } from "../role-aliases.ts";
import type { AliasFields } from "./answers.ts";
import type { AliasRow } from "./rows.ts";
import type { Alias } from "./table.ts";

/** A call in the source's form and its answer, from the procedure's own example; null: it has none. */
export function aliasExample({ row, operation }: Alias, roles: RoleAliases | null) {
  const example = procedureExamples.get(operation.procedure);
  if (example === undefined) return null;
  const given = givenIn(row, operation, example.input as AliasFields);
  const output = roles?.get(operation.procedure)?.write(example.output) ?? example.output;
  const { next_cursor: _, ...whole } = toWire(operation.outputNames, output) as Record<string, unknown>;
  return { given, answer: row.answer.value(whole, given) };
}

/** Of several names of one field the first is shown; `organizationName` is another name of `name`. */
function givenIn({ fields }: AliasRow, { inputNames }: Alias["operation"], input: AliasFields): AliasFields {
  const targets = Object.values(fields).map(({ to }) => to);
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { to }], index) => {
      const names = inputNames.fields.get(to);
      const isFirst = targets.indexOf(to) === index;
      const value = to === "organizationName" ? input.name : input[to];
      return isFirst && names !== undefined && value !== undefined ? [[name, toWire(names, value)]] : [];
    }),
  );
}
