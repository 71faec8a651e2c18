import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { z } from "zod";
import { type RoleNames, spellRoles } from "../role-aliases.ts";
import type { Meta } from "../trpc.ts";
import { type Names, namesOf, snakeCase } from "./names.ts";
import type { Method, Path, RestRoute } from "./routes.ts";

/** A procedure as REST sees it. */
export type Operation = {
  /** `members.setRole`. */
  procedure: string;
  type: "query" | "mutation";
  meta: Meta;
  route: RestRoute;
  methods: readonly Method[];
  paths: readonly Path[];
  inputSchema: z.core.JSONSchema.BaseSchema;
  outputSchema: z.core.JSONSchema.BaseSchema;
  inputNames: Names;
  outputNames: Names;
};

export type Match =
  | { kind: "found"; operation: Operation; path: Path; parameters: Readonly<Record<string, string>> }
  | { kind: "wrong_method"; allowed: readonly Method[] }
  | { kind: "nothing" };

export type RouteTable = { operations: readonly Operation[]; find(method: string, path: string): Match };

/**
 * The routes that the procedures declare. @throws Error when a procedure lacks a permission or a schema, when two
 * claim one place, or when a path names a parameter that the input does not have. `roleNames` are the other names of
 * roles that the schemas tell of.
 */
export function createRouteTable(router: AnyTRPCRouter, roleNames: RoleNames = {}): RouteTable {
  const procedures = Object.entries(router._def.procedures as Record<string, AnyTRPCProcedure>);
  const operations = procedures.flatMap(([name, procedure]) => describeOperation(name, procedure, roleNames));
  assertDistinct(operations);
  const patterns = operations.flatMap((operation) =>
    operation.paths.map((path) => ({ operation, path, segments: path.split("/") })),
  );
  // Every path begins with a literal: the few patterns that begin alike and are as long are looked at, not all.
  const kindOf = (segments: readonly string[]) => `${segments.length} ${segments[1]}`;
  const kinds = Map.groupBy(patterns, ({ segments }) => kindOf(segments));
  return {
    operations,
    find(method, path) {
      const segments = path.split("/");
      const matching = (kinds.get(kindOf(segments)) ?? []).flatMap((pattern) => {
        const parameters = matchSegments(pattern.segments, segments);
        return parameters === null ? [] : [{ operation: pattern.operation, path: pattern.path, parameters }];
      });
      if (matching.length === 0) return { kind: "nothing" };
      // A literal beats a parameter: `/invites/accept` is not the invite called accept.
      const best = matching.toSorted((one, other) => countOf(one.parameters) - countOf(other.parameters));
      const found = best.find(({ operation }) => operation.methods.some((known) => known === method));
      if (found !== undefined) return { kind: "found", ...found };
      return {
        kind: "wrong_method",
        allowed: [...new Set(best.flatMap(({ operation }) => operation.methods))],
      };
    },
  };
}

type Definition = {
  type: "query" | "mutation" | "subscription";
  meta?: Meta;
  inputs: z.ZodType[];
  output?: z.ZodType;
};

function describeOperation(procedure: string, declared: AnyTRPCProcedure, roleNames: RoleNames): Operation[] {
  const { type, meta, inputs, output } = declared._def as unknown as Definition;
  const [input, ...more] = inputs;
  if (meta?.permission === undefined) throw new Error(`${procedure} declares no permission`);
  if (input === undefined || more.length > 0) throw new Error(`${procedure} needs exactly one input schema`);
  if (type === "subscription") return [];
  if (output === undefined) throw new Error(`${procedure} declares no output schema`);
  if (meta.rest === undefined) return [];
  const schemaOf = (schema: z.ZodType, io: "input" | "output") =>
    spellRoles(z.toJSONSchema(schema, { io, unrepresentable: "any" }), roleNames, io);
  const inputSchema = schemaOf(input, "input");
  const outputSchema = schemaOf(output, "output");
  const operation = {
    procedure,
    type,
    meta,
    route: meta.rest,
    methods: [meta.rest.method].flat() as Method[],
    paths: [meta.rest.path].flat() as Path[],
    inputSchema,
    outputSchema,
    inputNames: namesOf(inputSchema),
    outputNames: namesOf(outputSchema),
  };
  assertParameters(operation);
  return [operation];
}

/** The parameters that a path names. */
export function parametersOf(path: string): string[] {
  return path.split("/").flatMap((segment) => parameterOf(segment) ?? []);
}

/** `{organization_id}` → `organization_id`, or null for a literal. */
function parameterOf(segment: string): string | null {
  return segment.startsWith("{") && segment.endsWith("}") ? segment.slice(1, -1) : null;
}

function assertParameters({ procedure, paths, inputNames }: Operation): void {
  const known = new Set([...inputNames.fields.keys()].map(snakeCase));
  for (const path of paths) {
    if (/^\/(\{|$)/.test(path)) throw new Error(`${procedure}: ${path} does not begin with a literal`);
    const lacking = parametersOf(path).find((parameter) => !known.has(parameter));
    if (lacking !== undefined)
      throw new Error(`${procedure}: ${path} names ${lacking}, which its input lacks`);
  }
}

function assertDistinct(operations: readonly Operation[]): void {
  const claimed = new Map<string, string>();
  for (const { procedure, paths, methods } of operations) {
    const places = paths.flatMap((path) =>
      methods.map((method) => `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`),
    );
    for (const place of places) {
      const other = claimed.get(place);
      if (other !== undefined) throw new Error(`${procedure} and ${other} both claim ${place}`);
      claimed.set(place, procedure);
    }
  }
}

/** The parameters of a path that has the form of the pattern, else null. */
export function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index] ?? "";
    const parameter = parameterOf(expected);
    if (parameter === null && expected !== actual) return null;
    const text = parameter === null ? "" : decodeSegment(actual);
    if (text === null || (parameter !== null && text === "")) return null;
    if (parameter !== null) parameters[parameter] = text;
  }
  return parameters;
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function countOf(parameters: Readonly<Record<string, string>>): number {
  return Object.keys(parameters).length;
}
