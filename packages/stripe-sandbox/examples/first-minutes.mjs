import assert from "node:assert";
import { createServer } from "node:http";
import { startSandbox } from "@headroom/stripe-sandbox/sandbox";
import { setDeliveryProgram } from "@headroom/stripe-sandbox/testing/controls";
import Stripe from "stripe";

// Your webhook endpoint: what it makes of an event is what you want to test.
const webhookSecret = "whsec_test";
const paid = new Set();
const endpoint = createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request)).toString();
  try {
    const event = Stripe.webhooks.constructEvent(body, request.headers["stripe-signature"], webhookSecret);
    if (event.type === "invoice.paid") paid.add(event.data.object.id);
    response.writeHead(200).end();
  } catch {
    response.writeHead(400).end();
  }
});
await new Promise((resolve) => endpoint.listen(0, "127.0.0.1", resolve));

// A Stripe of its own for each test file, on a free port. Its clock stands still until you move it.
const sandbox = await startSandbox({
  file: ":memory:",
  port: 0,
  webhookUrl: `http://127.0.0.1:${endpoint.address().port}/`,
  webhookSecret,
  stillAt: new Date("2026-01-31T00:00:00Z"),
});
const address = { host: "127.0.0.1", port: sandbox.port, protocol: "http" };
const stripe = new Stripe("sk_test_any", address);

// Every second webhook is spoiled or comes twice; the same seed spoils the same ones.
await setDeliveryProgram(sandbox.url, {
  seed: 7,
  retry: "virtual",
  badSignature: { probability: 0.5 },
  duplicate: { probability: 0.5 },
  reorder: { probability: 0.5, window: 3 },
});

const { id: product } = await stripe.products.create({ name: "Pro" });
const price = await stripe.prices.create({
  product,
  currency: "usd",
  unit_amount: 2900,
  recurring: { interval: "month" },
});
const customer = await stripe.customers.create({
  payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});
await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });

// Three renewals: on 28 February, 31 March and 30 April, each paid an hour later.
const advance = await fetch(`${sandbox.url}/_sandbox/clock/advance`, {
  method: "POST",
  body: JSON.stringify({ by: "100d" }),
});
assert.equal(advance.status, 200);
assert.equal(paid.size, 4);

await sandbox.close();
endpoint.close();
