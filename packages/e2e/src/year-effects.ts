import { setTimeout as sleep } from "node:timers/promises";
import type { ServedRequest } from "@headroom/stripe-sandbox/request-log";
import { requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import type Stripe from "stripe";
import { until } from "./people.ts";

/** What was changed at Stripe, read so often that its log forgets nothing. */
export interface Effects {
  /** Resolves when all that was asked for so far has been read, and reads no more. */
  stop: () => Promise<void>;
  /** How many requests there were, and how many lost their answer or were not taken. */
  requests: () => number;
  spoiled: () => Record<string, number>;
  /** How many there were, and those that happened twice. */
  count: () => number;
  twice: () => string[];
}

const readEveryMs = 50;

/**
 * Every change that has a key of its own must have one effect, however often it was asked for.
 * @param asked told each request soon after it was served.
 */
export function watchEffects(sandbox: string, asked: (request: ServedRequest) => void): Effects {
  const faults: Record<string, number> = {};
  const effects = new Map<string, number>();
  const wrong: string[] = [];
  let last = 0;
  const read = async () => {
    const requests = await requestsSince(sandbox, last);
    const first = requests[0]?.seq ?? last + 1;
    if (first > last + 1) wrong.push(`the log has forgotten requests ${last + 1} to ${first - 1}`);
    last = requests.at(-1)?.seq ?? last;
    for (const request of requests) {
      const { method, path, idempotencyKey, status, replayed, fault } = request;
      asked(request);
      if (fault !== null) faults[fault] = (faults[fault] ?? 0) + 1;
      if (method !== "POST" || status !== 200 || replayed) continue;
      const name = `${path} ${idempotencyKey}`;
      if (idempotencyKey !== null) effects.set(name, (effects.get(name) ?? 0) + 1);
    }
  };
  const end = new AbortController();
  const reading = (async () => {
    for (; !end.signal.aborted; await sleep(readEveryMs)) await patiently(read);
    await patiently(read);
  })();
  // Told by whoever stops it.
  reading.catch(() => {});
  return {
    stop: () => {
      end.abort();
      return reading;
    },
    requests: () => last,
    spoiled: () => ({ ...faults }),
    count: () => effects.size,
    twice: () => [
      ...wrong,
      ...[...effects].flatMap(([name, times]) => (times > 1 ? [`${name} had ${times} effects`] : [])),
    ],
  };
}

/** On a busy machine a connection breaks now and then; the next one reads on from the same request. */
async function patiently(read: () => Promise<void>): Promise<void> {
  await until(
    () => read().then(() => "read", String),
    (answer) => answer === "read",
  );
}

const over = ["canceled", "incomplete_expired"];

/** What stands twice among Stripe's objects: lines, items of subscriptions, subscriptions, customers. */
export async function findDoubles(stripe: Stripe): Promise<string[]> {
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for await (const { id, metadata } of stripe.customers.list({ limit: 100 })) {
    count(`a customer of ${metadata.headroom_organization ?? id}`);
  }
  for await (const { customer, status, items } of stripe.subscriptions.list({ status: "all", limit: 100 })) {
    if (over.includes(status)) continue;
    count(`a live subscription of ${customer}`);
    for (const { price } of items.data) count(`an item ${price.metadata.headroom_role} of ${customer}`);
  }
  const lastly = new Map<string, number>();
  for await (const invoice of stripe.invoices.list({ limit: 100 })) {
    if (invoice.status === "void") continue;
    for await (const line of stripe.invoices.listLineItems(invoice.id ?? "", { limit: 100 })) {
      if (line.amount === 0) continue;
      const ledgerId = line.metadata.headroom_overage;
      if (ledgerId !== undefined) count(`a line of ledger ${ledgerId}`);
      else if (line.parent?.subscription_item_details?.proration === false) {
        const { subscription_item, subscription } = line.parent.subscription_item_details;
        count(`the period from ${line.period.start} of ${subscription_item} of ${subscription}`);
      }
      lastly.set(invoice.id ?? "", (lastly.get(invoice.id ?? "") ?? 0) + line.amount);
    }
    if ((lastly.get(invoice.id ?? "") ?? 0) !== invoice.total)
      count(`more than its lines are invoice ${invoice.id}: ${invoice.total}`);
  }
  return [...counts].flatMap(([what, times]) =>
    times > 1 || what.startsWith("more") ? [`${times} times ${what}`] : [],
  );
}
