import { startTestServer } from "@headroom/api/testing/servers";
import { publicProcedure, router } from "@headroom/api/trpc";
import { DomainError } from "@headroom/domain/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type CallResponse, createHeadroomClient, createMeter, isHeadroomError } from "./index.ts";

/** How the next calls go; the last one stays. */
let behaviours: ("answer" | "refuse" | "invalid" | "unavailable" | "silent")[] = [];
const keys: string[] = [];

/** Stands where the api has metering, and fails as told. */
const unreliable = router({
  usage: router({
    consume: publicProcedure
      .input(z.looseObject({ idempotencyKey: z.string() }))
      .output(z.object({ allowed: z.boolean() }))
      .mutation(async ({ input }) => {
        keys.push(input.idempotencyKey);
        const behaviour = behaviours.length > 1 ? behaviours.shift() : behaviours[0];
        if (behaviour === "silent") await new Promise((resolve) => setTimeout(resolve, 3_000).unref());
        if (behaviour === "unavailable") throw new DomainError("unavailable", "Not now.");
        if (behaviour === "invalid")
          throw new DomainError("unknown_meter", "No such meter.", { meter: "pagez" });
        return { allowed: behaviour === "answer" };
      }),
  }),
});

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer(unreliable);
});
afterAll(() => server.close());
beforeEach(() => {
  keys.length = 0;
});

const units = { organizationId: "current", quantity: 1 };
const meterOf = (options: Parameters<typeof createMeter>[1] = {}, url = server.url) =>
  createMeter(createHeadroomClient({ url, apiKey: "hr_test_key" }), { timeoutMs: 6_000, ...options });

describe("metering", () => {
  test("answers what Headroom answers, allowed or not", async () => {
    behaviours = ["answer", "refuse"];
    expect(await meterOf().consume(units)).toMatchObject({ allowed: true, source: "live" });
    expect(await meterOf({ onUnavailable: "allow" }).consume(units)).toMatchObject({
      allowed: false,
      source: "live",
    });
  });

  test("tries again with the same key, one per event", async () => {
    behaviours = ["unavailable", "unavailable", "answer"];
    const first = await meterOf().consume(units);
    expect(first).toMatchObject({ allowed: true, source: "live" });
    expect(keys).toEqual([first.idempotencyKey, first.idempotencyKey, first.idempotencyKey]);
    expect(first.idempotencyKey).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect((await meterOf().consume(units)).idempotencyKey).not.toBe(first.idempotencyKey);
  });

  test("keeps the caller's own key", async () => {
    behaviours = ["answer"];
    await meterOf().consume({ ...units, idempotencyKey: "job-7" });
    expect(keys).toEqual(["job-7"]);
  });

  test.each([
    ["denies", undefined, false],
    ["allows when told so", "allow" as const, true],
    ["asks the caller's rule", () => Promise.resolve(true), true],
  ])("in an outage %s, and says that it did", async (_name, onUnavailable, allowed) => {
    behaviours = ["unavailable"];
    const result = await meterOf(onUnavailable === undefined ? {} : { onUnavailable }).consume(units);
    expect(result).toMatchObject({ allowed, source: "fallback" });
    expect(keys).toHaveLength(3);
  });

  test("hands the rule the event and its key, to be recorded later", async () => {
    behaviours = ["unavailable"];
    const events: unknown[] = [];
    const meter = meterOf({ onUnavailable: ({ input }) => events.push(input) > 0 });
    const { idempotencyKey } = await meter.consume(units);
    expect(events).toEqual([{ ...units, idempotencyKey }]);
  });

  test("waits no longer than told, and a silent first try leaves time for others", async () => {
    behaviours = ["silent", "answer"];
    const started = performance.now();
    expect(await meterOf({ timeoutMs: 900 }).consume(units)).toMatchObject({ allowed: true, source: "live" });
    behaviours = ["silent"];
    expect(await meterOf({ timeoutMs: 300 }).consume(units)).toMatchObject({
      allowed: false,
      source: "fallback",
    });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test("treats a network that is not there as an outage", async () => {
    const result = await meterOf({ timeoutMs: 200 }, "http://127.0.0.1:1").consume(units);
    expect(result).toMatchObject({ allowed: false, source: "fallback" });
  });

  test("passes a refusal of the call itself on, at once", async () => {
    behaviours = ["invalid"];
    const error = await meterOf({ onUnavailable: "allow" })
      .consume(units)
      .catch((caught: unknown) => caught);
    expect(isHeadroomError(error, "unknown_meter")).toBe(true);
    expect(isHeadroomError(error, "unknown_meter") && error.data.details).toEqual({ meter: "pagez" });
    expect(keys).toHaveLength(1);
  });
});

describe("an error", () => {
  test("of Headroom is told from every other", async () => {
    behaviours = ["invalid"];
    const client = createHeadroomClient({ url: `${server.url}/`, apiKey: "hr_test_key" });
    const refused = await client.usage.consume
      .mutate({ ...units, idempotencyKey: "a" })
      .catch((error: unknown) => error);
    expect(isHeadroomError(refused)).toBe(true);
    expect(isHeadroomError(refused, "hard_cap")).toBe(false);
    expect(isHeadroomError(refused, "hard_cap", "unknown_meter")).toBe(true);
    const lost = createHeadroomClient({ url: "http://127.0.0.1:1" });
    expect(isHeadroomError(await lost.me.get.query().catch((error: unknown) => error))).toBe(false);
    for (const other of [
      new Error("unknown_meter"),
      null,
      undefined,
      { data: { reason: "unknown_meter" } },
    ]) {
      expect(isHeadroomError(other)).toBe(false);
    }
  });
});

describe("a credential", () => {
  /** The headers that a client sends. */
  async function headersOf(options: Omit<Parameters<typeof createHeadroomClient>[0], "url" | "fetch">) {
    const sent: Headers[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      sent.push(new Headers(init?.headers));
      return globalThis.fetch(input, init);
    };
    const client = createHeadroomClient({ ...options, url: server.url, fetch } as Parameters<
      typeof createHeadroomClient
    >[0]);
    await client.usage.consume.mutate({ ...units, idempotencyKey: "a" });
    return Object.fromEntries(sent[0] ?? []);
  }

  beforeEach(() => {
    behaviours = ["answer"];
  });

  test.each([
    ["a token", { token: "t1" }, { authorization: "Bearer t1" }],
    ["a token that is asked for", { token: async () => "t2" }, { authorization: "Bearer t2" }],
    ["a key", { apiKey: "hr_test_k" }, { authorization: "Bearer hr_test_k" }],
    [
      "a key on behalf of a user",
      { apiKey: "hr_test_k", onBehalfOf: "usr_1" },
      { authorization: "Bearer hr_test_k", "headroom-on-behalf-of": "usr_1" },
    ],
    [
      "further headers",
      { token: "t", headers: { "x-request-id": "trace-0001" } },
      { "x-request-id": "trace-0001" },
    ],
  ])("%s is sent as it must be", async (_name, options, headers) => {
    expect(await headersOf(options)).toMatchObject(headers);
  });

  test("is left out when there is none", async () => {
    expect(await headersOf({})).not.toHaveProperty("authorization");
  });
});

describe("onResponse", () => {
  const told: CallResponse[] = [];
  const clientOf = (url: string, onResponse = (response: CallResponse) => void told.push(response)) =>
    createHeadroomClient({ url, onResponse });
  const consume = (client: ReturnType<typeof clientOf>, key: string) =>
    client.usage.consume.mutate({ ...units, idempotencyKey: key }).catch((error: unknown) => error);
  beforeEach(() => {
    told.length = 0;
  });

  test("is told of each call, of one request under one id, also of what was refused", async () => {
    behaviours = ["answer", "invalid"];
    const client = clientOf(server.url);
    const [, refusal] = await Promise.all([consume(client, "a"), consume(client, "b")]);
    const requestId = isHeadroomError(refusal) ? refusal.data.requestId : null;
    expect(requestId).toMatch(/\S{8}/);
    const call = { path: "usage.consume", type: "mutation", requestId, ms: expect.any(Number) };
    expect(told).toEqual([
      { ...call, status: 200 },
      { ...call, status: 400 },
    ]);
    expect(told[0]?.ms).toBeGreaterThan(0);
  });

  test("is told of calls without an answer", async () => {
    await consume(clientOf("http://127.0.0.1:1"), "a");
    expect(told).toMatchObject([{ path: "usage.consume", requestId: null, status: null }]);
  });
});
