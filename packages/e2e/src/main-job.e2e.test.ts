import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createHeadroomClient, isHeadroomError } from "@headroom/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { generateClient, publishedDocument } from "./generated-client.ts";
import { makeOrganization, post, signIn, subscribe, tokenOf, until } from "./people.ts";
import { newDataDirectory, type Stack, startStack } from "./stack.ts";

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const execute = promisify(execFile);
const dataDirectory = newDataDirectory();
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ dataDirectory });
});

afterAll(async () => {
  await stack?.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** Runs a script of the checkout beside the stack, as its user would. */
const run = (script: string, ...parameters: string[]) =>
  execute(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path.join(root, script), ...parameters],
    {
      env: { ...process.env, HEADROOM_STACK: path.join(stack.dataDirectory, "stack.json") },
    },
  );

const verify = async () =>
  JSON.parse((await run("apps/cli/src/main.ts", "usage", "verify", "--json")).stdout);

describe("a client that is generated from openapi.json", () => {
  test("compiles strictly, and does the main job over REST", async () => {
    const client = await generateClient();
    onTestFinished(client.remove);
    expect(client.faults).toBe("");
    const people = ["rest-owner@example.com", "rest-invited@example.com"] as const;
    const [owner, invited] = await Promise.all(people.map((email) => tokenOf(stack.ready, email)));
    const told = await client.run({
      HEADROOM_URL: stack.ready.api,
      STRIPE_URL: stack.ready.stripe ?? "",
      OWNER: owner ?? "",
      INVITED: invited ?? "",
      INVITED_EMAIL: people[1],
    });
    expect(told.trim().split("\n")).toEqual([
      "organization: owner of Rest & Co",
      "members: owner, member; 2 of 2 seats",
      "a third: 402 seat_limit_reached, 0 available",
      "consumed: 10, once, 0 left",
      "one more: 429 hard_cap application/problem+json",
      "paid: 99 left",
      "usage: 1 of 100 jobs, 0 pages",
      "history: 1 day, 11",
      expect.stringMatching(/^audit: organization\.created .*/),
      "a stranger: 401 unauthenticated",
      "elsewhere: 404 organization_not_found",
    ]);
    const { key, backEnd } = await makeOrganization(stack.ready, "rest-example");
    await backEnd.usage.consume.mutate({ meter: "pages", quantity: 999 });
    const example = `import { takePage } from "./example.ts";
      for (const job of ["a", "a", "b"]) console.log(await takePage(job));`;
    const said = await client.run({ HEADROOM_URL: stack.ready.api, HEADROOM_API_KEY: key }, example);
    expect(said.trim().split("\n")).toEqual(["0 left", "0 left", "daily_limit: come back later"]);
  });

  test("is of the document that the api serves", async () => {
    expect(await (await fetch(`${stack.ready.api}/openapi.json`)).json()).toEqual(publishedDocument());
  });
});

describe("metering over HTTP", () => {
  test("200 consumes at once against a limit of 50 admit exactly 50", async () => {
    const { backEnd, owner, organizationId } = await makeOrganization(stack.ready, "fifty");
    await backEnd.usage.consume.mutate({ meter: "pages", quantity: 950 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => backEnd.usage.consume.mutate({ meter: "pages", quantity: 1 })),
    );
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(50);
    const { usage } = await owner.usage.get.query({ organizationId });
    expect(usage).toMatchObject({ dailyUsed: 1000, dailyLimit: 1000, remaining: 0 });
  });

  test("one key sent 64 times at once is counted once", async () => {
    const { backEnd } = await makeOrganization(stack.ready, "once");
    const event = { meter: "jobs", quantity: 2, idempotencyKey: "order-1742" };
    const answers = await Promise.all(Array.from({ length: 64 }, () => backEnd.usage.consume.mutate(event)));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ windows }) => windows.period.used))).toEqual(new Set([2]));
  });

  test("REST refuses with 429, the reset and the numbers", async () => {
    const { key } = await makeOrganization(stack.ready, "rest");
    const response = await fetch(`${stack.ready.api}/v1/usage/consume`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ meter: "jobs", quantity: 11, idempotency_key: "too-many" }),
    });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({
      code: "hard_cap",
      status: 429,
      details: { limit: 10, used: 0, remaining: 10, hard_cap: 10 },
    });
  });

  test("a revoked key meters nothing any more, at once", async () => {
    const { owner, organizationId } = await makeOrganization(stack.ready, "revoked");
    const { id: keyId, secret: key } = await owner.apiKeys.create.mutate({
      organizationId,
      name: "short",
      scopes: ["usage:write"],
    });
    const backEnd = createHeadroomClient({ url: stack.ready.api, apiKey: key ?? "" });
    await backEnd.usage.consume.mutate({ quantity: 1 });
    await owner.apiKeys.revoke.mutate({ organizationId, keyId });
    const refusal = await backEnd.usage.consume.mutate({ quantity: 1 }).catch((error: unknown) => error);
    expect(isHeadroomError(refusal, "unauthenticated")).toBe(true);
  });
});

describe("the README's example", () => {
  test("fetches while pages are left, and says when to come back", async () => {
    const readme = readFileSync(path.join(root, "README.md"), "utf8");
    const example = /```ts\n([\s\S]+?)```/.exec(readme)?.[1] ?? "";
    // Beside the tests, so that it finds the client as any dependent does.
    const folder = mkdtempSync(path.join(import.meta.dirname, "readme-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(path.join(folder, "example.ts"), example);
    const { key, backEnd } = await makeOrganization(stack.ready, "readme");
    await backEnd.usage.consume.mutate({ meter: "pages", quantity: 999 });
    const page = `${stack.ready.api}/livez`;
    const calls = `import { fetchPage } from "./example.ts";
      for (const job of ["a", "a", "b"]) {
        const told = await fetchPage(${JSON.stringify(page)}, job).then((r) => r.status, (e) => e.message);
        console.log(told);
      }`;
    writeFileSync(path.join(folder, "calls.ts"), calls);
    const { stdout } = await execute(process.execPath, [path.join(folder, "calls.ts")], {
      env: { ...process.env, HEADROOM_URL: stack.ready.api, HEADROOM_API_KEY: key },
    });
    expect(stdout.trim().split("\n")).toEqual([
      "200",
      "200",
      expect.stringMatching(/^daily_limit: try again in \d+ s$/),
    ]);
  });
});

describe("the walls", () => {
  test("a stranger meets 404 for a foreign organization, like for one that does not exist", async () => {
    const { organizationId } = await makeOrganization(stack.ready, "walled");
    const stranger = await signIn(stack.ready, "stranger@example.com");
    const nowhere = "org_0198c0de-0000-7000-8000-000000000000";
    const errors = await Promise.all(
      [organizationId, nowhere].map((id) =>
        stranger.members.list.query({ organizationId: id }).catch((error: unknown) => error),
      ),
    );
    for (const error of errors) {
      expect(isHeadroomError(error, "organization_not_found")).toBe(true);
    }
  });

  test("a user's token meters nothing", async () => {
    const { organizationId } = await makeOrganization(stack.ready, "people");
    const token = await tokenOf(stack.ready, "people@example.com");
    const person = createHeadroomClient({ url: stack.ready.api, token });
    const refusal = await person.usage.consume
      .mutate({ organizationId, quantity: 1 })
      .catch((error: unknown) => error);
    expect(isHeadroomError(refusal, "forbidden")).toBe(true);
  });
});

describe("kill -9", () => {
  test.each(["api", "worker", "webhook", "stripe", "postgres"])(
    "%s, in the middle of a subscription and of metering, loses nothing and counts nothing twice",
    async (name) => {
      const { owner, backEnd, organizationId } = await makeOrganization(stack.ready, `killed-${name}`);
      const acknowledged: number[] = [];
      let metering = true;
      const meter = async (lane: number) => {
        for (let turn = 0; metering; turn++) {
          const event = { meter: "pages", quantity: 1, idempotencyKey: `${name}-${lane}-${turn}` };
          // As a back end does: the same key until there is an answer.
          await until(
            () => backEnd.usage.consume.mutate(event).catch(() => null),
            (answer) => answer !== null,
          );
          acknowledged.push(turn);
          await sleep(20);
        }
      };
      const lanes = [0, 1, 2, 3].map(meter);
      const { checkoutUrl } = await owner.billing.checkout.mutate({ organizationId, planId: "pro" });
      const before = stack.kill(name);
      await until(
        () =>
          post(
            `${stack.ready.stripe}/_sandbox/checkout/${/cs_\w+/.exec(checkoutUrl)?.[0]}/complete`,
            {},
          ).then(
            () => true,
            () => false,
          ),
        Boolean,
      );
      await until(
        () => owner.billing.get.query({ organizationId }).catch(() => null),
        (billing) => billing?.plan.id === "pro",
      );
      expect(stack.processes()[name]).not.toBe(before);
      metering = false;
      await Promise.all(lanes);
      const { meters } = await owner.usage.get.query({ organizationId });
      expect(meters.find(({ meter: one }) => one === "pages")?.dailyUsed).toBe(acknowledged.length);
      expect((await verify()).mismatches).toEqual([]);
    },
  );
});

describe("kill -9 during the tour", () => {
  test.each([
    ["worker", "webhook"],
    ["api", "stripe", "postgres"],
  ])("%s, %s…: whatever the tour had got to, counters equal the recount", async (...names) => {
    // Its own calls do not retry, so it may end early; what it was told must stand all the same.
    const tour = run("infra/local/tour.ts").catch(() => undefined);
    for (const name of names) {
      await sleep(500 + Math.random() * 2000);
      const before = stack.kill(name);
      await until(
        async () => stack.processes()[name],
        (now) => now !== undefined && now !== before,
      );
    }
    await tour;
    const { checked, mismatches } = await until(
      () => verify().catch(() => null),
      (answer) => answer !== null,
    );
    expect(checked).toBeGreaterThan(0);
    expect(mismatches).toEqual([]);
  });

  test("and the next tour shows the main job from the first organization to the paid renewal", async () => {
    const { stdout } = await run("infra/local/tour.ts");
    expect(stdout).toMatch(/assigns Grace a conversation.*conversation_assigned/);
    expect(stdout).toMatch(/signed webhook.*conversation_assigned/);
    expect(stdout).toContain("hard_cap at 100");
    expect(stdout).toContain("overage 37 of 50");
    expect(stdout).toContain("counters equal the recount");
  });
});

test("a restart on the same data finds everything as it was", async () => {
  const { organizationId, owner, backEnd, key } = await makeOrganization(stack.ready, "kept");
  await subscribe(stack.ready, owner, organizationId, "pro");
  await backEnd.usage.consume.mutate({ meter: "jobs", quantity: 42 });
  await stack.stop();
  stack = await startStack({ dataDirectory });
  const again = createHeadroomClient({ url: stack.ready.api, apiKey: key });
  const answer = await again.usage.consume.mutate({ organizationId, meter: "jobs", quantity: 1 });
  expect(answer).toMatchObject({ allowed: true, included: 100 });
  expect(answer.windows.period.used).toBe(43);
});
