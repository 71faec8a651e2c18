import path from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { startServer } from "../servers.ts";
import type { Stage, StageDatabase } from "../stage.ts";
import { signingSecret } from "../stripe-events.ts";

const connections = 64;
/** How long the sandbox lets a request wait: what is applied beside must not be what is measured. */
const stripeMs = 400;

/**
 * The webhook app as it runs in production: it verifies, checks, deduplicates, logs, answers when the commit is on disk,
 * and applies beside, four customers at a time. Stripe is the sandbox, and slow; it does not know
 * the customers, so what is applied comes to nothing in the end. Against an insert of the body for each request.
 * 64 connections, 2.3 kB an event, each side on a table of its own.
 */
export const webhook: Benchmark = {
  name: "webhook",
  title: "signed events on 64 connections, acknowledged when durable, against node:http with a bare insert",
  anchors: ["anchors/webhook-insert.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const bare = await stage.createDatabase();
    const ours = await startWebhook(stage, database);
    const anchor = await startServer(stage, "packages/benchmarks/src/anchors/webhook-insert.ts", {
      DATABASE_URL: bare.adminUrl,
    });
    const side = (url: string, { adminUrl }: StageDatabase) => ({
      module: "ours/webhook.ts",
      parameters: { url: `${url}/stripe`, adminUrl, connections },
    });
    return [
      {
        label: "2.3 kB, 1 % sent again",
        ours: side(ours, database),
        anchor: side(anchor, bare),
        goals: [{ measure: "throughput", least: 1.3 }],
      },
    ];
  },
};

async function startWebhook(stage: Stage, database: StageDatabase): Promise<string> {
  const sandbox = await startServer(stage, "packages/stripe-sandbox/src/main.ts", {
    STRIPE_SANDBOX_FILE: path.join(stage.directory, "stripe.sqlite"),
  });
  const slow = { method: "POST", body: JSON.stringify({ kind: "delay", ms: stripeMs }) };
  const { status } = await fetch(`${sandbox}/_sandbox/faults`, slow);
  if (status !== 200) throw new Error(`the sandbox refused to be slow: ${status}`);
  return startServer(stage, "apps/stripe-webhook/src/main.ts", {
    HEADROOM_ENV: "test",
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: "sk_test_benchmark",
    STRIPE_API_BASE: sandbox,
    STRIPE_WEBHOOK_SECRETS: signingSecret,
  });
}
