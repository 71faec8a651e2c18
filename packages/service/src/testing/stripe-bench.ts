import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { hastenSeats, isSettled } from "@headroom/db/settled";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { usageRequest } from "@headroom/db/testing/usage-requests";
import { consumeUsage } from "@headroom/db/usage";
import type { BillingSettings, Configuration } from "@headroom/domain/configuration";
import type { Permission } from "@headroom/domain/permissions";
import { createLogger } from "@headroom/platform/log";
import { startSandbox } from "@headroom/stripe-sandbox/sandbox";
import { clientOf } from "@headroom/stripe-sandbox/testing/workbench";
import type Stripe from "stripe";
import { type Access, authorize } from "../access.ts";
import { followBillingMode } from "../billing-mode.ts";
import { loadConfiguration } from "../configuration.ts";
import type { ServiceContext } from "../context.ts";
import { sweepInbox } from "../customer-sync.ts";
import { closeDuePeriods, reportOverage } from "../overage-reporting.ts";
import { pushPlans } from "../plans.ts";
import { syncSeats } from "../seat-sync.ts";
import { receiveEvent } from "../stripe/events.ts";
import { openStripe } from "../stripe/variables.ts";

/** The shipped configuration, a database of its own, and the Stripe sandbox behind the real client. */
export interface StripeBench {
  scratch: TestDatabase;
  make: Factory;
  configuration: Configuration;
  /** As the api, the worker and the webhook app have it. */
  api: ServiceContext;
  worker: ServiceContext;
  webhook: ServiceContext;
  /** The sandbox's own client: what a person does in Stripe's dashboard. */
  stripe: Stripe;
  sandboxUrl: string;
  /** An organization on the default plan; access is its owner's. */
  organization(): Promise<{ id: string; access(permission: Permission): Promise<Access> }>;
  /** Takes units of a meter; answers how many were allowed. */
  consume(
    organizationId: string,
    meter: string,
    quantity: number,
    mode?: "reject" | "cap" | "record",
  ): Promise<number>;
  /** Pays an open checkout with a test card. */
  pay(checkoutUrl: string, paymentMethod?: string): Promise<void>;
  /** Feeds every event that Stripe has had to the inbox and applies what waits there, as the webhook app does. */
  deliver(): Promise<void>;
  /** Moves Stripe's clock and ours, as the development stack does: events delivered, jobs run, at every step. */
  advance(by: string): Promise<void>;
  /** Moves Stripe's clock to an instant, in seconds as Stripe has it. */
  advanceTo(seconds: number): Promise<void>;
  /** Rows of a table of ours, past every wall. */
  rows(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  /** Starts every process again with another `billing`; the worker notes it. */
  restart(billing: BillingSettings): Promise<void>;
  close(): Promise<void>;
}

const configurationFile = fileURLToPath(new URL("../../../../headroom.config.ts", import.meta.url));

export interface StripeBenchOptions {
  /** False: Stripe's clock waits for nobody, as if the worker and the webhook app were down. */
  settling?: boolean;
  /** Feeds Stripe's events to the inbox at every step of the clock, as its webhooks do. */
  events?: boolean;
  configure?: (shipped: Configuration) => Configuration;
  /** Where the sandbox posts every event. */
  webhook?: { url: string; secret: string };
  /** The sandbox's clock stands still between advances, from this instant on. */
  stillAt?: Date;
}

const environment = (apiBase: string) =>
  ({ HEADROOM_ENV: "test", STRIPE_SECRET_KEY: "sk_test_bench", STRIPE_API_BASE: apiBase }) as const;

export async function createStripeBench({
  settling = true,
  events = false,
  configure = (shipped) => shipped,
  webhook: endpoint,
  stillAt,
}: StripeBenchOptions = {}): Promise<StripeBench> {
  const scratch = await createTestDatabase();
  const configuration = configure(await loadConfiguration(configurationFile));
  const make = createFactory(scratch.admin);
  const hooks = await startHooks(moveClock, settle);
  const sandbox = await startSandbox({
    file: ":memory:",
    port: 0,
    clockHookUrl: `${hooks.url}/clock`,
    ...(settling ? { settledHookUrl: `${hooks.url}/settled` } : {}),
    ...(endpoint ? { webhookUrl: endpoint.url, webhookSecret: endpoint.secret } : {}),
    ...(stillAt ? { stillAt } : {}),
  });
  if (stillAt) {
    await make.setClock(stillAt.toISOString());
  }
  const context = async (role: "hr_api" | "hr_worker" | "hr_webhook"): Promise<ServiceContext> => ({
    db: await scratch.connect(role),
    configuration,
    stripe: openStripe(environment(sandbox.url), configuration.billing),
    mail: null,
    log: createLogger({ service: "test", level: process.env.TEST_LOG ?? "silent" }),
    addresses: { inviteAccept: "https://app.example.com/join", console: "https://app.example.com" },
    environment: "test",
  });
  const [api, worker, webhook] = await Promise.all([
    context("hr_api"),
    context("hr_worker"),
    context("hr_webhook"),
  ]);

  async function moveClock(now: string): Promise<void> {
    await settleSeats();
    await make.setClock(now);
  }

  // A renewal bills the seats that Stripe knows by then.
  async function settleSeats(): Promise<void> {
    for (let rounds = 0; rounds < 10 && (await hastenSeats(worker.db)) > 0; rounds += 1) {
      await syncSeats(worker);
    }
  }

  async function deliver(): Promise<void> {
    const found: Stripe.Event[] = [];
    for await (const event of clientOf(sandbox).events.list({ limit: 100 })) {
      found.push(event);
    }
    for (const event of found.reverse()) {
      await receiveEvent({ ...webhook, livemode: false }, JSON.parse(JSON.stringify(event)), 0);
    }
    while ((await sweepInbox(webhook)).customers > 0) {
      // Until nothing waits.
    }
  }

  async function settle(finalizing: boolean): Promise<boolean> {
    if (events) {
      await deliver();
    }
    await sweepInbox(worker);
    await settleSeats();
    await closeDuePeriods(worker);
    await reportOverage(worker);
    return isSettled(worker.db, { finalizing });
  }

  async function control(path: string, body: object): Promise<void> {
    const response = await fetch(`${sandbox.url}/_sandbox/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
  }

  await followBillingMode(worker);
  await pushPlans(worker, { dryRun: false });
  return {
    scratch,
    make,
    configuration,
    api,
    worker,
    webhook,
    stripe: clientOf(sandbox),
    sandboxUrl: sandbox.url,
    async organization() {
      const id = await make.organization();
      const userId = await make.member(id, "owner");
      return { id, access: (permission) => authorize(api, { kind: "user", userId }, id, permission) };
    },
    async consume(organizationId, meter, quantity, mode = "reject") {
      const credential = await make.key(organizationId);
      const request = usageRequest(credential, { organizationId, meter, quantity, mode });
      const [outcome] = await consumeUsage(api.db, [request]);
      return outcome && "accepted" in outcome ? outcome.accepted : 0;
    },
    pay: (checkoutUrl, paymentMethod = "pm_card_visa") =>
      control(`checkout/${/cs_\w+/.exec(checkoutUrl)?.[0]}/complete`, { paymentMethod }),
    deliver,
    advance: (by) => control("clock/advance", { by }),
    advanceTo: (seconds) => control("clock/advance", { to: new Date(seconds * 1_000).toISOString() }),
    rows: async (sql, ...values) => (await scratch.admin.query(sql, values)).rows,
    async restart(billing) {
      for (const context of [api, worker, webhook]) {
        context.configuration = { ...context.configuration, billing };
        context.stripe = openStripe(environment(sandbox.url), billing);
      }
      await followBillingMode(worker);
    },
    async close() {
      await sandbox.close();
      hooks.server.close();
      await scratch.drop();
    },
  };
}

async function startHooks(
  setClock: (now: string) => Promise<void>,
  settled: (finalizing: boolean) => Promise<boolean>,
): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://hooks");
    if (url.pathname === "/settled") {
      response.writeHead((await settled(url.searchParams.has("finalizing"))) ? 200 : 409).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    await setClock(JSON.parse(Buffer.concat(chunks).toString()).now);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
