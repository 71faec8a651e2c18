import type { PresetName } from "@headroom/domain/configuration";
import type { Method, Path } from "../rest/routes.ts";
import { matchSegments, type Operation, parametersOf, type RouteTable } from "../rest/table.ts";
import { presetAliases } from "./presets.ts";
import type { AliasRow, PresetAliases } from "./rows.ts";

/** A row with the procedures that it names. */
export type Alias = { row: AliasRow; operation: Operation; rest: Operation | null };

export type AliasMatch =
  | { kind: "found"; alias: Alias; parameters: Readonly<Record<string, string>> }
  | { kind: "wrong_method"; path: Path; allowed: readonly Method[] }
  | { kind: "nothing" };

export type AliasTable = {
  preset: PresetName;
  aliases: readonly Alias[];
  find(method: string, path: string): AliasMatch;
};

/**
 * The paths of a preset's source. @throws Error when a row names a procedure or a field that does not exist, when two
 * claim one place, when one stands where /v1 is, or when /v1 lacks what the source has in common with it.
 */
export function createAliasTable(
  preset: PresetName,
  routes: RouteTable,
  { rows, same }: PresetAliases = presetAliases[preset],
): AliasTable {
  const aliases = rows.map((row) => ({
    row,
    operation: operationOf(routes, row, row.procedure),
    rest: row.rest === undefined ? null : operationOf(routes, row, row.rest),
  }));
  for (const alias of aliases) assertFields(alias);
  assertDistinct(rows);
  for (const row of rows) {
    if (procedureAt(routes, row) !== null) throw new Error(`${placeOf(row)} is in /v1 already`);
  }
  for (const place of same) {
    if (procedureAt(routes, place) !== place.procedure)
      throw new Error(`${placeOf(place)} is not ${place.procedure} in /v1`);
  }
  return { preset, aliases, find: (method, path) => findAlias(aliases, method, path) };
}

function operationOf(routes: RouteTable, row: AliasRow, procedure: string): Operation {
  const operation = routes.operations.find((one) => one.procedure === procedure);
  if (operation === undefined) throw new Error(`${placeOf(row)} names ${procedure}, which does not exist`);
  return operation;
}

function assertFields({ row, operation }: Alias): void {
  const known = operation.inputNames.fields;
  const targets = [...Object.values(row.fields).map(({ to }) => to), ...Object.keys(row.implied ?? {})];
  const lacking =
    targets.find((field) => !known.has(field)) ??
    parametersOf(row.path).find((parameter) => !Object.hasOwn(row.fields, parameter));
  if (lacking !== undefined)
    throw new Error(`${placeOf(row)} names ${lacking}, which ${row.procedure} does not take`);
}

function assertDistinct(rows: readonly AliasRow[]): void {
  const places = rows.map((row) => placeOf(row).replace(/\{[^}]*\}/g, "{}"));
  const repeated = places.find((place, index) => places.indexOf(place) !== index);
  if (repeated !== undefined) throw new Error(`two rows claim ${repeated}`);
}

function placeOf({ method, path }: Pick<AliasRow, "method" | "path">): string {
  return `${method} ${path}`;
}

/** The procedure that /v1 has at a place. */
function procedureAt(routes: RouteTable, { method, path }: Pick<AliasRow, "method" | "path">): string | null {
  if (!path.startsWith("/v1/")) return null;
  const match = routes.find(method, path.slice("/v1".length));
  return match.kind === "found" ? match.operation.procedure : null;
}

function findAlias(aliases: readonly Alias[], method: string, path: string): AliasMatch {
  const segments = path.split("/");
  const matching = aliases.flatMap((alias) => {
    const parameters = matchSegments(alias.row.path.split("/"), segments);
    return parameters === null ? [] : [{ alias, parameters }];
  });
  // A literal beats a parameter: /organization/list is not the organization called list.
  const best = matching.toSorted(
    (one, other) => Object.keys(one.parameters).length - Object.keys(other.parameters).length,
  );
  const found = best.find(({ alias }) => alias.row.method === method);
  if (found !== undefined) return { kind: "found", ...found };
  const [nearest] = best;
  if (nearest === undefined) return { kind: "nothing" };
  const allowed = [...new Set(best.map(({ alias }) => alias.row.method))];
  return { kind: "wrong_method", path: nearest.alias.row.path, allowed };
}
