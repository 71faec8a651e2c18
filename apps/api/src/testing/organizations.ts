import type { HttpServer } from "@headroom/platform/http";
import { invite, type World } from "@headroom/service/testing/world";

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
