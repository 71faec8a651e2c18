import type Stripe from "stripe";
import { call } from "./faults.ts";
import type { EventCalls, EventQuery, StripeEvent } from "./gateway.ts";
import { instant } from "./metadata.ts";

// Stripe takes twenty types in one call (its reference of GET /v1/events).
const typesAtOnce = 20;
const pageSize = 100;

export function eventCalls(stripe: Stripe): EventCalls {
  return {
    async *listEvents(query) {
      for (let from = 0; from < query.types.length; from += typesAtOnce) {
        yield* listSome(stripe, { ...query, types: query.types.slice(from, from + typesAtOnce) });
      }
    },
  };
}

async function* listSome(
  stripe: Stripe,
  { types, since, undelivered }: EventQuery,
): AsyncGenerator<StripeEvent> {
  const query = {
    types: [...types],
    created: { gte: Math.floor(since / 1000) },
    limit: pageSize,
    ...(undelivered ? { delivery_success: false } : {}),
  };
  for (let after: string | null = null; ; ) {
    const cursor: { starting_after?: string } = after === null ? {} : { starting_after: after };
    const page = await call(() => stripe.events.list({ ...query, ...cursor }));
    for (const event of page.data) {
      yield { id: event.id, type: event.type, createdAt: instant(event.created), payload: event };
    }
    after = page.data.at(-1)?.id ?? null;
    if (!page.has_more || after === null) {
      return;
    }
  }
}
