import { countStatements } from "@headroom/db/testing/statements";
import { encodeId } from "@headroom/domain/ids";
import type { Scope } from "@headroom/domain/permissions";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type Person, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
let owner: Person;
let organization: string;

beforeAll(async () => {
  world = await createWorld();
  api = await serveWorld(world.context);
  owner = await world.person();
  organization = await world.organization(owner);
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

async function keyWith(...scopes: Scope[]): Promise<string> {
  const access = await accessTo(world.context, owner, organization, "keys.manage");
  return (await createApiKey(world.context, access, { name: "k", scopes, personal: false })).secret ?? "";
}

/** Queries in one request, what they are answered, and how many statements that took. */
async function ask(key: string, paths: string[], organizationId = "current") {
  const input = JSON.stringify({ ...paths.map(() => ({ organizationId })) });
  const { result, statements } = await countStatements(world.context.db, async () => {
    const address = `${api.url}/trpc/${paths.join(",")}?batch=1&input=${encodeURIComponent(input)}`;
    const response = await fetch(address, { headers: { authorization: `Bearer ${key}` } });
    return (await response.json()) as { result?: { data: never }; error?: { data: { reason: string } } }[];
  });
  return {
    answers: result.map(({ result, error }) => error?.data.reason ?? result?.data),
    // The use of a key is noted beside the requests.
    statements: statements.filter((text) => !text.includes("note_key_uses")).length,
  };
}

const used = (units: number) => ({ usage: { windows: { period: { used: units } } } });

test("a key's usage is one statement, which sees what was acknowledged before", async () => {
  const key = await keyWith("usage:read", "usage:write");
  for (let units = 1; units <= 3; units++) {
    await api.call(key, "POST", "/usage/consume", { quantity: 1 });
    expect(await ask(key, ["usage.get"])).toMatchObject({ answers: [used(units)], statements: 1 });
  }
  expect(await ask(key, ["usage.check"])).toMatchObject({ answers: [{ allowed: true }], statements: 1 });
  // The first call of a batch asks who calls; what the others want besides, they ask for themselves.
  expect(await ask(key, ["permissions.get", "usage.get"])).toMatchObject({
    answers: [{ role: null }, used(3)],
    statements: 2,
  });
});

test("usage that came with a key is told to nobody who may not see it", async () => {
  const [writer, reader] = [await keyWith("usage:write"), await keyWith("usage:read")];
  const other = encodeId("org", await world.organization(await world.person()));
  expect((await ask(writer, ["usage.get"])).answers).toEqual(["forbidden"]);
  expect((await ask(reader, ["usage.get"], other)).answers).toEqual(["organization_not_found"]);
  await world.scratch.admin.query("update headroom.api_key set revoked_at = now()");
  expect((await ask(reader, ["usage.get"])).answers).toEqual(["unauthenticated"]);
});

test("an organization and its people are a statement each, beside the key's", async () => {
  const key = await keyWith("organizations:read", "members:read");
  const { answers, statements } = await ask(key, ["organizations.get", "members.list"]);
  expect(answers).toMatchObject([
    { id: encodeId("org", organization) },
    { members: [{ id: encodeId("usr", owner.userId), role: "owner" }], invites: [] },
  ]);
  expect(statements).toBe(3);
});
