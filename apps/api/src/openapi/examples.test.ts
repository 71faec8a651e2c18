import { errorReference } from "@headroom/domain/error-reference";
import type { AnyTRPCProcedure } from "@trpc/server";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { snakeCase } from "../rest/names.ts";
import { createRouteTable, parametersOf } from "../rest/table.ts";
import { appRouter } from "../router.ts";
import { ids } from "./examples/ids.ts";
import { procedureExamples } from "./examples/table.ts";

const procedures = appRouter._def.procedures as unknown as Record<string, AnyTRPCProcedure>;
const { operations } = createRouteTable(appRouter);
const named = operations.map(({ procedure }) => procedure);

/** What a procedure takes and answers. */
function schemasOf(procedure: string): { input: z.ZodType; output: z.ZodType } {
  const { inputs, output } = (procedures[procedure] as AnyTRPCProcedure)._def as unknown as {
    inputs: [z.ZodType];
    output: z.ZodType;
  };
  return { input: inputs[0], output };
}

const faultsOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues ?? [];

test("there is an example of every procedure that REST has, and of nothing else", () => {
  expect([...procedureExamples.keys()].toSorted()).toEqual(named.toSorted());
});

describe.each([...procedureExamples])("the example of %s", (procedure, { input, output, at = {} }) => {
  test("is what the procedure takes, and what it may answer", () => {
    const schemas = schemasOf(procedure);
    for (const call of [{ input, output }, ...Object.values(at)]) {
      expect(faultsOf(schemas.input, call.input)).toEqual([]);
      expect(faultsOf(schemas.output, call.output)).toEqual([]);
    }
  });

  test("names what the path names", () => {
    const operation = operations.find((one) => one.procedure === procedure);
    for (const path of operation?.paths ?? []) {
      const given = Object.keys((at[path]?.input ?? input) as object).map(snakeCase);
      expect(given).toEqual(expect.arrayContaining(parametersOf(path)));
    }
  });

  test("is one of its own where a path does not name what the first one does", () => {
    const { paths } = operations.find((one) => one.procedure === procedure) as (typeof operations)[number];
    const usual = parametersOf(paths[0] ?? "");
    const lacking = paths.filter((path) => usual.some((name) => !parametersOf(path).includes(name)));
    expect(Object.keys(at)).toEqual(lacking);
    for (const [path, call] of Object.entries(at)) {
      const left = usual.filter((name) => !parametersOf(path).includes(name));
      for (const name of left) expect(Object.keys(call.input as object).map(snakeCase)).not.toContain(name);
    }
  });
});

test("the examples tell one story: every id in them is one of the same few", () => {
  const told = JSON.stringify([[...procedureExamples.values()], errorReference]);
  const met = told.match(/\b[a-z]{3}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g) ?? [];
  expect(met.length).toBeGreaterThan(50);
  expect(Object.values(ids)).toEqual(expect.arrayContaining([...new Set(met)]));
});
