import { execFile } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { organizations, people } from "@headroom/cli/seed/cast";
import { createHeadroomClient, type HeadroomClient } from "@headroom/client";
import pg from "pg";
import { beforeAll, expect, test } from "vitest";
import { signIn } from "../people.ts";
import type { Stack } from "../stack.ts";

const root = path.resolve(import.meta.dirname, "..", "..", "..", "..");

/** What the demo is said to be. */
export function checkSeed(running: () => Stack): void {
  const teams = new Map<string, { owner: HeadroomClient; organizationId: string }>();
  const team = (slug: string) => {
    const found = teams.get(slug);
    if (found === undefined) throw new Error(`${slug} is not there`);
    return found;
  };
  const headroom = async (...parameters: string[]) => {
    const cli = ["--disable-warning=ExperimentalWarning", path.join(root, "apps/cli/src/main.ts")];
    const env = { ...process.env, HEADROOM_STACK: path.join(running().dataDirectory, "stack.json") };
    return JSON.parse(
      (await promisify(execFile)(process.execPath, [...cli, ...parameters, "--json"], { env })).stdout,
    );
  };

  beforeAll(async () => {
    for (const { slug, owner: email } of organizations) {
      const owner = await signIn(running().ready, email, people.find((one) => one.email === email)?.name);
      const { organizations: own } = await owner.organizations.list.query({});
      const organizationId = own.find((one) => one.slug === slug)?.id ?? "";
      teams.set(slug, { owner, organizationId });
    }
  });

  test("three organizations have fourteen people, by their names", async () => {
    const lists = await Promise.all(
      [...teams.values()].map(({ owner, organizationId }) => owner.members.list.query({ organizationId })),
    );
    const found = lists.flatMap(({ members }) => members.filter(({ status }) => status === "active"));
    expect(new Map(found.map(({ email, name }) => [email, name]))).toEqual(
      new Map(people.map(({ email, name }) => [email, name])),
    );
    expect(lists.map(({ seats }) => [seats.members, seats.pending, seats.limit])).toEqual([
      [5, 2, 8],
      [6, 0, 6],
      [5, 0, 5],
    ]);
  });

  test("Acme has used something on each of 90 days, is at today's limit, over its included jobs, and was billed for it", async () => {
    const { owner, organizationId } = team("acme");
    const { days } = await owner.usage.history.query({ organizationId, days: 100, meter: "pages" });
    const used = days.map(({ meters: [pages] }) => pages?.used ?? 0);
    expect(used.findIndex((units) => units > 0)).toBe(10);
    expect(used.slice(10).every((units) => units > 0)).toBe(true);
    const demo = createHeadroomClient({ url: running().ready.api, apiKey: running().ready.demoKey ?? "" });
    expect(await demo.usage.consume.mutate({ meter: "pages", quantity: 1 })).toMatchObject({
      allowed: false,
      reason: "daily_limit",
      windows: { day: { used: 10_000, limit: 10_000 } },
    });
    const { meters } = await owner.usage.get.query({ organizationId });
    const jobs = meters.find(({ meter }) => meter === "jobs");
    expect(jobs).toMatchObject({ included: 100, maxOverage: 2_000 });
    expect(jobs?.overage).toBeGreaterThan(0);
    const { invoices, upcoming } = await owner.billing.invoices.query({ organizationId });
    expect(invoices.map(({ status }) => status)).toEqual(["paid", "paid", "paid", "paid"]);
    const overage = invoices.map(({ lines }) =>
      lines.filter(({ description }) => /jobs/.test(description ?? "")),
    );
    expect(overage.map((lines) => lines.length)).toEqual([1, 1, 1, 0]);
    expect(upcoming?.overageTotal).toBeGreaterThan(0);
  });

  test("Globex is past due, Initech on trial", async () => {
    const statuses = await Promise.all(
      ["acme", "globex", "initech"].map(async (slug) => {
        const { owner, organizationId } = team(slug);
        const { plan, status, trialEnd } = await owner.billing.get.query({ organizationId });
        return [slug, plan.id, status, trialEnd !== null];
      }),
    );
    expect(statuses).toEqual([
      ["acme", "pro", "active", false],
      ["globex", "pro", "past_due", false],
      ["initech", "pro", "trialing", true],
    ]);
  });

  test("the clocks are at real time, the counters equal the recount, and Stripe's lines the ledger", async () => {
    const client = new pg.Client({
      connectionString: running().ready.databaseUrl,
      options: "-c role=hr_worker",
    });
    await client.connect();
    const { rows } = await client.query("select clock_offset = interval '0' as real from headroom.dev_clock");
    await client.end();
    expect(rows).toEqual([{ real: true }]);
    const asked = Date.now();
    const { now } = (await (await fetch(`${running().ready.stripe}/_sandbox/clock`)).json()) as {
      now: string;
    };
    expect(Date.parse(now)).toBeGreaterThanOrEqual(asked);
    expect(Date.parse(now)).toBeLessThanOrEqual(Date.now());
    const [usage, bills] = await Promise.all([headroom("usage", "verify"), headroom("stripe", "reconcile")]);
    expect(usage).toMatchObject({ checked: 6, mismatches: [] });
    expect(bills).toMatchObject({ organizations: 3, differences: [] });
  });

  test("the reference's own calls are made with Acme's key", async () => {
    const { api, demoKey } = running().ready;
    expect(await (await fetch(`${api}/docs/start.js`)).text()).toContain(demoKey);
  });

  test("it is there once: a second seed does nothing", async () => {
    expect(await headroom("seed")).toEqual({ seeded: false });
  });
}
