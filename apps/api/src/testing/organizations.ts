import type { HttpServer } from "@headroom/platform/http";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { invite, type World } from "@headroom/service/testing/world";
import { createUsageLane } from "@headroom/service/usage-lane";
import { authenticate } from "../auth/credentials.ts";
import { appRouter } from "../router.ts";
import { startApiServer } from "../server.ts";

/** Every procedure on a free port. A token is the subject and the local part of its verified address; keys are keys. */
export async function startOrganizationsApi(service: ServiceContext): Promise<HttpServer> {
  return startApiServer({
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    router: appRouter,
    authenticate: (headers) => authenticate(service, identityOf, headers),
    checks: {},
    origins: [],
    metrics: createMetrics("api"),
  });
}

/** One REST call below `/v1`; `as` is a token or an API key. */
export async function callRest(
  server: HttpServer,
  as: string | null,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${server.url}/v1${path}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function identityOf(token: string) {
  const issuer = "https://issuer.example.com";
  return { issuer, subject: token, email: `${token}@example.com`, emailVerified: true, name: token };
}

/** Who calls with the token of that name. */
const roles = { owner: "owner", admin: "admin", member: "member", other: "member" } as const;

/** An organization whose members call with the tokens `owner`, `admin`, `member` and `other` (a second member). */
export async function createTeamOver(server: HttpServer, world: World) {
  const created = await callRest(server, "owner", "POST", "/organizations", { name: "Acme" });
  const organization: string = created.body.id;
  const users: Record<string, string> = {};
  for (const [name, role] of Object.entries(roles)) {
    users[name] = (await callRest(server, name, "GET", "/me")).body.user.id;
    if (role === "owner") continue;
    const owner = { kind: "user", userId: users.owner?.slice(4) ?? "" } as const;
    const { token } = await invite(world.context, organization.slice(4), owner, `${name}@example.com`, role);
    await callRest(server, name, "POST", "/invites/accept", { token });
  }
  return { organization, users: users as Record<keyof typeof roles, string> };
}
