import { decodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "@headroom/service/context";
import { deliver } from "@headroom/service/testing/plan-ladder";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callRest, startLiveServer } from "./testing/live-server.ts";

let bench: StripeBench;
let server: HttpServer;

beforeAll(async () => {
  bench = await createStripeBench();
  const { configuration } = bench;
  const policies = { ...configuration.policies, billing: { by: "admins" as const } };
  const api: ServiceContext = { ...bench.api, configuration: { ...configuration, policies } };
  server = await startLiveServer(api);
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

/** An organization with an owner and an admin, both of whom manage billing. */
async function two() {
  const [owner, admin] = [uuidv7(), uuidv7()];
  const made = await callRest(server, owner, "POST", "/organizations", { name: "Acme" });
  const id = String((made.body as { id: string }).id);
  await callRest(server, admin, "GET", "/me");
  await bench.rows(
    `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
     select $1, gen_random_uuid(), id, 'admin', now(), now() from headroom.account where subject = $2`,
    decodeId("org", id),
    admin,
  );
  return { id, raw: decodeId("org", id) ?? "", people: [owner, admin] as const };
}

/** Pays a session if it is still open; what becomes of it is told by Stripe. */
async function tryToPay(checkoutUrl: string): Promise<boolean> {
  try {
    await bench.pay(checkoutUrl);
    return true;
  } catch {
    return false;
  }
}

test.each([1, 2, 3])(
  "20 checkouts at once by two people, paid as they come: one subscription, one customer (%i)",
  async () => {
    const { id, raw, people } = await two();
    const opened: string[] = [];
    const paid: boolean[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const body = { plan_id: "pro", seats: index % 7 };
        const path = `/organizations/${id}/checkout`;
        const answer = await callRest(server, people[index % 2] ?? null, "POST", path, body);
        expect([200, 201, 409, 503]).toContain(answer.status);
        const { checkout_url: url } = answer.body as { checkout_url?: string };
        if (url !== undefined) {
          opened.push(url);
          paid.push(await tryToPay(url));
        }
      }),
    );
    for (const url of opened) {
      paid.push(await tryToPay(url));
    }
    // Somebody who asks once more, and pays whatever is offered, buys nothing twice either.
    const again = await callRest(server, people[0], "POST", `/organizations/${id}/checkout`, {
      plan_id: "pro",
    });
    const { checkout_url: last } = again.body as { checkout_url?: string };
    expect(last === undefined || (await tryToPay(last))).toBe(true);
    const customers = (await bench.stripe.customers.list({ limit: 100 })).data.filter(
      (one) => one.metadata.headroom_organization === id,
    );
    expect(customers).toHaveLength(1);
    const { data } = await bench.stripe.subscriptions.list({
      customer: customers[0]?.id ?? "",
      status: "all",
    });
    expect(data.map((one) => one.status)).toEqual(["active"]);
    await deliver(bench, raw);
    const plan = await callRest(server, people[1], "GET", `/organizations/${id}/plan`);
    expect(plan.body).toMatchObject({ status: "active", attention: null, plan: { id: "pro" } });
  },
  60_000,
);
