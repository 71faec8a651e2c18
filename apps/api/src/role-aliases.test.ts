import { defaultPolicies } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { attributes } from "./inputs.ts";
import { lookUp } from "./testing/json-schema.ts";
import { startTestServer } from "./testing/servers.ts";
import { publicProcedure, router } from "./trpc.ts";
import { role } from "./views/roles.ts";

const seen: unknown[] = [];

const roleRouter = router({
  team: router({
    set: publicProcedure
      .meta({ rest: { method: "POST", path: "/team/{user_id}" } })
      .input(z.strictObject({ userId: z.string(), role: role.optional(), properties: attributes.optional() }))
      .output(
        z.strictObject({
          members: z.array(z.strictObject({ role })),
          currentUserRole: role.nullable(),
          kind: z.enum(["member", "guest"]),
          properties: attributes,
        }),
      )
      .mutation(({ input }) => {
        seen.push(input.role);
        if (input.userId === "nobody")
          throw new DomainError("forbidden", "Not yours to give.", { role: input.role });
        const members = [{ role: "owner" as const }, { role: input.role ?? ("member" as const) }];
        const { properties = {} } = input;
        return { members, currentUserRole: "member" as const, kind: "member" as const, properties };
      }),
  }),
});

const withAliases = (aliases: Record<string, "admin" | "member">) =>
  startTestServer(
    roleRouter,
    {},
    { policies: { ...defaultPolicies, roles: { ...defaultPolicies.roles, aliases } } },
  );

type Server = Awaited<ReturnType<typeof startTestServer>>;
let aliased: Server;
let plain: Server;

beforeAll(async () => {
  aliased = await withAliases({ agent: "member", helper: "member" });
  plain = await withAliases({});
});
afterAll(async () => {
  await aliased?.close();
  await plain?.close();
});

async function post(server: Server, path: string, body: object) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

test.each([["agent"], ["helper"], ["member"]])("%s is member inside and agent in answers", async (word) => {
  seen.length = 0;
  const rest = await post(aliased, "/v1/team/ada", { role: word });
  const trpc = await post(aliased, "/trpc/team.set", { userId: "ada", role: word });
  expect(seen).toEqual(["member", "member"]);
  expect(rest).toMatchObject({
    status: 200,
    body: { members: [{ role: "owner" }, { role: "agent" }], current_user_role: "agent" },
  });
  expect(trpc.body.result.data).toMatchObject({
    members: [{ role: "owner" }, { role: "agent" }],
    currentUserRole: "agent",
  });
});

test("only roles are read and written so: maps of the caller's own and other enums stay", async () => {
  const properties = { role: "agent", other: "member" };
  const { body } = await post(aliased, "/v1/team/ada", { role: "agent", properties });
  expect(body).toMatchObject({ properties, kind: "member" });
});

test("a refusal names the role as the SaaS does", async () => {
  const rest = await post(aliased, "/v1/team/nobody", { role: "agent" });
  expect(rest).toMatchObject({ status: 403, body: { code: "forbidden", details: { role: "agent" } } });
  const trpc = await post(aliased, "/trpc/team.set", { userId: "nobody", role: "member" });
  expect(trpc.body.error.data).toMatchObject({ reason: "forbidden", details: { role: "agent" } });
});

test("a word that is neither is refused", async () => {
  expect(await post(aliased, "/v1/team/ada", { role: "toString" })).toMatchObject({
    status: 400,
    body: { details: { issues: [{ path: "role" }] } },
  });
});

test("without aliases there are the roles alone", async () => {
  expect(await post(plain, "/v1/team/ada", { role: "agent" })).toMatchObject({ status: 400 });
  expect(await post(plain, "/v1/team/ada", { role: "member" })).toMatchObject({
    status: 200,
    body: { members: [{ role: "owner" }, { role: "member" }] },
  });
});

type Fields = Record<string, { enum?: string[]; items?: { properties: Fields } }>;

test("the document tells the words that are taken and answered", async () => {
  const document = JSON.parse(await (await fetch(`${aliased.url}/openapi.json`)).text());
  const operation = document.paths["/v1/team/{user_id}"].post;
  const fieldsOf = (body: { content: Record<string, { schema: { $ref: string } }> }) =>
    lookUp(document, `${body.content["application/json"]?.schema.$ref}/properties`);
  const input = fieldsOf(operation.requestBody) as Fields;
  const answer = fieldsOf(operation.responses["200"]) as Fields;
  expect(input.role?.enum).toEqual(["owner", "admin", "member", "agent", "helper"]);
  expect(answer.members?.items?.properties.role).toEqual({ $ref: "#/components/schemas/Role" });
  expect(document.components.schemas.Role.enum).toEqual(["owner", "admin", "agent"]);
  expect(answer.kind?.enum).toEqual(["member", "guest"]);
});
