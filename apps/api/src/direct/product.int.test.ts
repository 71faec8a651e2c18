/** The product's own procedures, each asked twice: as clients ask, and in a form that only tRPC's handler takes. */
import { uuidv7 } from "@headroom/platform/uuid";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appRouter } from "../router.ts";
import { serveWorld, type WorldServer } from "../testing/live-server.ts";
import { type RawRequest, sendRaw } from "../testing/raw-requests.ts";

let world: World;
let api: WorldServer;
let key = "";

beforeAll(async () => {
  world = await createWorld();
  api = await serveWorld(world.context);
  const owner = await world.person();
  const id = await world.organization(owner);
  const made = await createApiKey(world.context, await accessTo(world.context, owner, id, "keys.manage"), {
    name: "k",
    scopes: ["usage:write", "usage:read", "organizations:read"],
    personal: false,
  });
  key = made.secret ?? "";
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

const event = { quantity: 3, idempotencyKey: uuidv7() };
const inputs = [
  undefined,
  null,
  {},
  { organizationId: "current" },
  { organizationId: "org_x" },
  { x: 1 },
  event,
];
const calls = Object.entries(
  appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>,
)
  .filter(([, { _def }]) => _def.type !== "subscription")
  .map(([name, { _def }]) => ({ name, isQuery: _def.type === "query" }));

const drawn = fc.record({
  call: fc.constantFrom(
    ...calls,
    { name: "usage.consume", isQuery: false },
    { name: "me.get", isQuery: true },
  ),
  input: fc.constantFrom(...inputs),
  isKnown: fc.boolean(),
  isBatch: fc.boolean(),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer Value> ? Value : never;

function requestOf({ call: { name, isQuery }, input, isKnown, isBatch }: Drawn): RawRequest {
  const value = JSON.stringify(isBatch ? { 0: input } : input) ?? "";
  const search = [isBatch ? "batch=1" : "", isQuery ? `input=${encodeURIComponent(value)}` : ""];
  return {
    method: isQuery ? "GET" : "POST",
    target: `/trpc/${name}?${search.filter((one) => one !== "").join("&")}`.replace(/\?$/, ""),
    headers: [
      ["host", "api.test"],
      ["content-type", "application/json"],
      ["x-request-id", "the-same-for-both"],
      ["origin", "https://app.example.com"],
      ...(isKnown ? [["authorization", `Bearer ${key}`] as const] : []),
    ],
    ...(isQuery ? {} : { body: Buffer.from(value) }),
  };
}

const successes = [
  { call: { name: "me.get", isQuery: true }, input: undefined, isKnown: true, isBatch: false },
  { call: { name: "usage.consume", isQuery: false }, input: event, isKnown: true, isBatch: true },
].map((one): [RawRequest] => [requestOf(one)]);

/** Left aside: the time, how the body's end is told, and places in it that differ from call to call. */
async function ask(request: RawRequest) {
  const { status, headers, body } = await sendRaw(Number(new URL(api.url).port), request);
  const framing = ["date", "content-length", "transfer-encoding"];
  return {
    status,
    headers: headers.filter(([name]) => !framing.includes(name)).toSorted(),
    body: body.replace(/"at":"[^"]*"/g, '"at":"the time"'),
  };
}

test("every procedure answers the same on the fast path as behind tRPC's handler", async () => {
  const answered = new Set<number>();
  const body = Buffer.from(JSON.stringify(event));
  const headers = [
    ["host", "x"],
    ["content-type", "application/json"],
    ["authorization", `Bearer ${key}`],
  ] as const;
  // From now on the event and the reservation are duplicates, whoever carries them.
  for (const target of ["/trpc/usage.consume", "/trpc/usage.reserve"])
    expect((await ask({ method: "POST", target, body, headers })).status).toBe(200);
  await fc.assert(
    fc.asyncProperty(drawn.map(requestOf), async (request) => {
      const plain = await ask(request);
      const stock = await ask({
        ...request,
        headers: [...request.headers, ["content-encoding", "identity"]],
      });
      expect(plain).toEqual(stock);
      answered.add(plain.status);
    }),
    { numRuns: 150, examples: successes },
  );
  expect([...answered].toSorted()).toEqual(expect.arrayContaining([200, 400, 401, 403]));
});
