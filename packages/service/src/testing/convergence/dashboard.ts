/** What Stripe tells of itself, read by nobody's code but its own client's. */
import type Stripe from "stripe";
import { customerEventTypes } from "../../stripe/event-types.ts";
import type { StripeBench } from "../stripe-bench.ts";

/** What Stripe tells of one change: the event itself, and the thin one beside it. */
export interface Told {
  snapshot: Stripe.Event;
  thin: object | null;
}

/** Answers what Stripe has told since the last call, the oldest first; what is older than its 30 days it tells nobody. */
export async function openEvents({ stripe }: StripeBench): Promise<() => Promise<Told[]>> {
  const { data } = await stripe.events.list({ limit: 1 });
  let last = data[0]?.id;
  let lastThin: string | undefined;
  const types = customerEventTypes.map((type) => `v1.${type}`);
  async function thinOnes(): Promise<Map<string, object>> {
    const found = new Map<string, object>();
    let newest = lastThin;
    for await (const event of stripe.v2.core.events.list({ limit: 100, types })) {
      if (event.id === lastThin) break;
      if (newest === lastThin) newest = event.id;
      if (event.snapshot_event) found.set(event.snapshot_event, JSON.parse(JSON.stringify(event)));
    }
    lastThin = newest;
    return found;
  }
  return async () => {
    const found: Stripe.Event[] = [];
    for (let more = true; more; ) {
      const page = await stripe.events.list({ limit: 100, ...(last ? { ending_before: last } : {}) });
      found.push(...page.data.toReversed());
      last = page.data[0]?.id ?? last;
      more = page.has_more && page.data.length > 0;
    }
    const thin = await thinOnes();
    return found.map((snapshot) => ({ snapshot, thin: thin.get(snapshot.id) ?? null }));
  };
}

/** Which plan a price is of, as Stripe's list of prices says when it is read. */
export async function openCatalogue({ stripe }: StripeBench): Promise<{
  planOf(priceId: string): string | undefined;
  read(): Promise<void>;
}> {
  const found = new Map<string, string>();
  async function read(): Promise<void> {
    for await (const { id, metadata } of stripe.prices.list({ limit: 100 })) {
      if (metadata.headroom_role === "plan") {
        found.set(id, `${metadata.headroom_plan}:${metadata.headroom_plan_version}`);
      }
    }
  }
  await read();
  return { planOf: (priceId) => found.get(priceId), read };
}
