import { request } from "node:http";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
beforeAll(async () => {
  world = await createWorld();
  api = await serveWorld(world.context);
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

test("who is removed while the body of a query is on its way is a member no more", async () => {
  const owner = await world.person();
  const id = await world.organization(owner);
  const access = await accessTo(world.context, owner, id, "keys.manage");
  const key = await createApiKey(world.context, access, {
    name: "k",
    scopes: ["usage:read"],
    personal: true,
  });
  const body = JSON.stringify({ quantity: 1 });
  const sent = request(`${api.url}/v1/usage/check`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key.secret}`,
      "content-type": "application/json",
      "content-length": body.length,
    },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.on("response", (response) => resolve(response.resume().statusCode));
    sent.on("error", reject);
  });
  sent.flushHeaders();
  const isKnown = () =>
    world.scratch.admin.query("select 1 from headroom.api_key where last_used_at is not null");
  while ((await isKnown()).rowCount === 0);
  await world.scratch.admin.query("delete from headroom.membership where organization_id = $1", [id]);
  sent.end(body);
  expect(await answered).toBe(404);
});
