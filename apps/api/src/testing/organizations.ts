import type { HttpServer } from "@headroom/platform/http";
import { invite, type World } from "@headroom/service/testing/world";
import { callRest } from "./live-server.ts";

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
