import { sweepInbox } from "@headroom/service/customer-sync";
import {
  createStripeBench,
  type StripeBench,
  type StripeBenchOptions,
} from "@headroom/service/testing/stripe-bench";
import { startWebhookServer, type WebhookOptions } from "../server.ts";

/** A Stripe bench whose sandbox delivers to a real webhook server. */
export interface WebhookBench extends StripeBench {
  url: string;
  /** The id of the endpoint at Stripe. */
  endpoint: string;
  secret: string;
  /** Ends the webhook server, so that Stripe finds nobody at its address. */
  down(): Promise<void>;
  /** Starts it again at its address, with the secrets that it had or others; ends it before, where it still runs. */
  up(secrets?: readonly string[]): Promise<void>;
  /** Resolves when nothing that arrived waits any more. */
  settled(): Promise<void>;
}

export async function createWebhookBench(
  options: Partial<WebhookOptions> = {},
  benchOptions: StripeBenchOptions = {},
): Promise<WebhookBench> {
  const bench = await createStripeBench(benchOptions);
  const start = (port: number, secrets: readonly string[]) =>
    startWebhookServer({
      host: "127.0.0.1",
      service: bench.webhook,
      livemode: false,
      maxBody: 1_048_576,
      shutdownDelayMs: 0,
      ...options,
      port,
      secrets,
    });
  // The sandbox hands out the secret when it learns the address, which is known once the server listens.
  let secrets: string[] = [];
  let server = await start(0, secrets);
  let isUp = true;
  const down = async () => {
    if (isUp) await server.close();
    isUp = false;
  };
  const { port } = server;
  const url = `${server.url}/stripe`;
  const endpoint = await bench.stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
  const early = await eventIds(bench);
  const secret = endpoint.secret ?? "";
  secrets.push(secret);
  return {
    ...bench,
    url,
    endpoint: endpoint.id,
    secret,
    down,
    up: async (others = secrets) => {
      await down();
      secrets = [...others];
      server = await start(port, secrets);
      isUp = true;
    },
    settled: () => settledOf(bench, new Set(early)),
    async close() {
      await down();
      await bench.close();
    },
  };
}

// Everything that the sandbox has made since is here, and nothing of it waits.
async function settledOf(bench: StripeBench, early: ReadonlySet<string>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const made = await eventIds(bench);
    const rows = await bench.rows("select event_id, status, type, last_error from headroom.stripe_inbox");
    const here = new Set(rows.map((row) => row.event_id));
    const waiting = rows.filter((row) => row.status === "pending");
    const missing = made.filter((id) => !early.has(id) && !here.has(id));
    if (waiting.length === 0 && missing.length === 0) {
      return;
    }
    // The worker's part: products and prices, and what the app has left.
    await sweepInbox(bench.worker);
    if (Date.now() > deadline) {
      throw new Error(`not settled: ${JSON.stringify({ missing, waiting: waiting.slice(0, 3) })}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function eventIds(bench: StripeBench): Promise<string[]> {
  const { data } = await bench.stripe.events.list({ limit: 100 });
  return data.map((event) => event.id);
}
