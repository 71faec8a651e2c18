import { readFileSync } from "node:fs";
import type { HttpServer } from "@headroom/platform/http";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { callRest, startLiveServer } from "./testing/live-server.ts";

const text = readFileSync(new URL("../../../docs/reservations.md", import.meta.url), "utf8");

let world: World;
let server: HttpServer;
beforeAll(async () => {
  world = await createWorld();
  server = await startLiveServer(world.context);
});
afterAll(async () => {
  await server?.close();
  await world?.close();
});

async function meteringKey(): Promise<string> {
  const owner = await world.person();
  const access = await accessTo(world.context, owner, await world.organization(owner), "keys.manage");
  return (await createApiKey(world.context, access, { name: "k", scopes: ["usage:write"] })).secret ?? "";
}

/** What the page shortens: a text that ends with an ellipsis begins so, an object has these fields. */
function shortened(value: unknown): unknown {
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringMatching(new RegExp(`^${value.slice(0, -1)}`));
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, shortened(field)]);
  return expect.objectContaining(Object.fromEntries(fields));
}

/** The last id of each kind that an answer had. */
function idsIn(value: unknown, known: Map<string, string>): void {
  for (const [id, prefix = ""] of JSON.stringify(value).matchAll(/(res|evt)_[0-9a-f-]{36}/g)) {
    known.set(prefix, id);
  }
}

test("the page's examples are what is sent and answered, in its order", async () => {
  await world.make.setClock("2026-03-10T12:30:00Z");
  const secret = await meteringKey();
  const known = new Map<string, string>();
  const examples = [
    ...text.matchAll(/^```http\n([A-Z]+) \/v1(\S+)\n\n(.*?)^```\n\n```json (\d+)\n(.*?)^```$/gms),
  ];
  expect(examples).toHaveLength(9);
  for (const [, method = "", path = "", sent = "", status = "", answer = ""] of examples) {
    const filled = path.replace(/(res|evt)_…/, (_, prefix) => known.get(prefix) ?? "");
    const { status: got, body } = await callRest(server, secret, method, filled, JSON.parse(sent));
    expect({ status: got, body }).toEqual({ status: Number(status), body: shortened(JSON.parse(answer)) });
    idsIn(body, known);
  }
});

test("its table has the calls as they are", () => {
  const { operations } = createRouteTable(appRouter);
  const names = ["reserve", "commit", "release", "reservations", "void"].map((name) => `usage.${name}`);
  for (const { procedure, methods, paths } of operations.filter((one) => names.includes(one.procedure))) {
    const line = text.split("\n").find((one) => one.startsWith(`| \`${procedure}\``));
    for (const path of paths) expect(line).toContain(`\`${methods[0]} /v1${path}\``);
  }
});
