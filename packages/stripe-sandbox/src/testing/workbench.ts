import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Stripe from "stripe";
import { type RunningSandbox, type SandboxOptions, startSandbox } from "../sandbox.ts";
import { type Receiver, startReceiver, webhookSecret } from "./receiver.ts";

/** A sandbox on a free port with a file of its own, the real client, and a webhook receiver. */
export interface Workbench {
  stripe: Stripe;
  url: string;
  file: string;
  receiver: Receiver;
  now(): Promise<Date>;
  advance(
    body: ({ to: string } | { by: string | number }) & { within?: string },
  ): Promise<{ now: string; steps: Step[] }>;
  control(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export interface Step {
  at: string;
  what: string;
}

export async function openWorkbench(options: Partial<SandboxOptions> = {}): Promise<Workbench> {
  const directory = mkdtempSync(join(tmpdir(), "stripe-sandbox-"));
  const file = join(directory, "sandbox.sqlite");
  const receiver = await startReceiver();
  const sandbox = await startSandbox({ file, port: 0, webhookUrl: receiver.url, webhookSecret, ...options });
  const control = (path: string, body?: object) => controlOf(sandbox, path, body);
  return {
    stripe: clientOf(sandbox),
    url: sandbox.url,
    file,
    receiver,
    now: async () => new Date(String((await control("/_sandbox/clock")).body.now)),
    advance: async (body) => {
      const answer = await control("/_sandbox/clock/advance", body);
      if (answer.status !== 200) throw new Error(JSON.stringify(answer));
      return answer.body as unknown as { now: string; steps: Step[] };
    },
    control,
    close: async () => {
      await sandbox.close();
      await receiver.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The package's client, aimed at a sandbox; it does not retry, so that a test sees the first answer. */
export function clientOf(sandbox: Pick<RunningSandbox, "port">, key = "sk_test_workbench"): Stripe {
  return new Stripe(key, {
    host: "127.0.0.1",
    port: sandbox.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

async function controlOf(
  sandbox: RunningSandbox,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${sandbox.url}${path}`, {
    method: path === "/_sandbox/clock" ? "GET" : "POST",
    ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A monthly price on a product of its own. */
export async function monthly(stripe: Stripe, amount: number | string, name = "Pro"): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name });
  return stripe.prices.create({
    product: product.id,
    currency: "usd",
    recurring: { interval: "month" },
    ...(typeof amount === "number"
      ? { unit_amount: amount }
      : { unit_amount_decimal: Stripe.Decimal.from(amount) }),
  });
}

/** A customer whose default card does what the test name says. */
export async function payingCustomer(stripe: Stripe, card = "pm_card_visa"): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({ email: "ada@example.com", name: "Ada" });
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
}

/** Waits until something is true, at most `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("did not become true in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
