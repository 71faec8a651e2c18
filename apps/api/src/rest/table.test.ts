import { describe, expect, test } from "vitest";
import { z } from "zod";
import { appRouter } from "../router.ts";
import { publicProcedure, router, signedInProcedure } from "../trpc.ts";
import type { RestRoute } from "./routes.ts";
import { createRouteTable } from "./table.ts";

const at = (route: RestRoute) =>
  publicProcedure
    .meta({ rest: route })
    .input(z.strictObject({ inviteId: z.string().optional() }))
    .output(z.strictObject({}))
    .query(() => ({}));

describe("a router does not start", () => {
  test("without a permission", () => {
    const procedure = publicProcedure
      .meta({ permission: undefined })
      .input(z.strictObject({}))
      .output(z.string());
    expect(() => createRouteTable(router({ bare: procedure.query(() => "") }))).toThrow(
      "bare declares no permission",
    );
  });

  test("without an input schema, or with two", () => {
    const none = signedInProcedure.output(z.string()).query(() => "");
    expect(() => createRouteTable(router({ none }))).toThrow("none needs exactly one input");
    const two = signedInProcedure.input(z.object({})).input(z.object({})).output(z.string());
    expect(() => createRouteTable(router({ two: two.query(() => "") }))).toThrow(
      "two needs exactly one input",
    );
  });

  test("without an output schema", () => {
    const leaky = signedInProcedure.input(z.strictObject({})).query(() => ({ secret: 1 }));
    expect(() => createRouteTable(router({ leaky }))).toThrow("leaky declares no output schema");
  });

  test("when two procedures claim one place", () => {
    const one = at({ method: "GET", path: "/invites/{invite_id}" });
    const other = at({ method: ["POST", "GET"], path: ["/elsewhere", "/invites/{invite_id}"] });
    expect(() => createRouteTable(router({ one, other }))).toThrow(
      "other and one both claim GET /invites/{}",
    );
  });

  test("when a path names what the input lacks", () => {
    const lost = at({ method: "GET", path: "/invites/{user_id}" });
    expect(() => createRouteTable(router({ lost }))).toThrow("names user_id, which its input lacks");
  });
});

describe("a path", () => {
  const table = createRouteTable(
    router({
      get: at({ method: "GET", path: "/invites/{invite_id}" }),
      accept: at({ method: "POST", path: "/invites/accept" }),
      preview: at({ method: "GET", path: ["/invites/preview", "/invites/look"] }),
    }),
  );
  const find = (method: string, path: string) => {
    const match = table.find(method, path);
    return match.kind === "found" ? [match.operation.procedure, match.parameters] : match;
  };

  test("finds its procedure, and a literal beats a parameter", () => {
    expect(find("GET", "/invites/inv_1")).toEqual(["get", { invite_id: "inv_1" }]);
    expect(find("GET", "/invites/preview")).toEqual(["preview", {}]);
    expect(find("GET", "/invites/look")).toEqual(["preview", {}]);
    expect(find("POST", "/invites/accept")).toEqual(["accept", {}]);
  });

  test("decodes its parameters once", () => {
    expect(find("GET", "/invites/a%2Fb%252F")).toEqual(["get", { invite_id: "a/b%2F" }]);
  });

  test.each(["/invites", "/invites/", "/invites/a/b", "//invites/a", "/INVITES/a", "/invites/%ff", ""])(
    "%j is nothing",
    (path) => {
      expect(find("GET", path)).toEqual({ kind: "nothing" });
    },
  );

  test("names the methods that would do", () => {
    expect(find("DELETE", "/invites/accept")).toEqual({ kind: "wrong_method", allowed: ["POST", "GET"] });
    expect(find("TRACE", "/invites/x")).toEqual({ kind: "wrong_method", allowed: ["GET"] });
  });
});

test("every procedure of the api is fully declared", () => {
  const { operations } = createRouteTable(appRouter);
  expect(operations.length).toBeGreaterThan(0);
  for (const { procedure, meta } of operations)
    expect([procedure, typeof meta.summary]).toEqual([procedure, "string"]);
});
