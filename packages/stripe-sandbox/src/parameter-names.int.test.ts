import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { routes } from "./api.ts";
import { compile } from "./testing/honesty/package-types.ts";
import { parameterProblems } from "./testing/honesty/parameter-names.ts";
import type { RouteParameters } from "./testing/honesty/route-parameters.ts";

const file = fileURLToPath(new URL("testing/honesty/route-parameters.ts", import.meta.url));
const types = compile(file, "RouteParameters" satisfies keyof { RouteParameters: RouteParameters });

test.for(routes.map((route) => [`${route.method} ${route.segments.join("/")}`, route] as const))(
  "%s takes the parameters that the package has for it, at every depth",
  ([name, { table }]) => {
    const type = types.field("RouteParameters", name);
    if (!type) throw new Error(`${name} has no parameters in route-parameters.ts`);
    expect(parameterProblems(types, table, type)).toEqual([]);
  },
);
