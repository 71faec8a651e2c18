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
    async *listThinEvents({ types, since }) {
      for (let from = 0; from < types.length; from += typesAtOnce) {
        yield* listSomeThin(stripe, types.slice(from, from + typesAtOnce), since);
      }
    },
    listThinTypes: () =>
      call(async () => {
        const told = new Set<string>();
        for await (const destination of stripe.v2.core.eventDestinations.list({ limit: pageSize })) {
          const isOurs = destination.status === "enabled" && destination.event_payload === "thin";
          for (const type of isOurs ? destination.enabled_events : []) told.add(type);
        }
        return told;
      }),
  };
}

// The client's own iterator, since only it follows the addresses of the v2 API's pages.
async function* listSomeThin(
  stripe: Stripe,
  types: readonly string[],
  since: number,
): AsyncGenerator<StripeEvent & { twinId: string | null }> {
  const query = { types: [...types], created: { gte: Math.floor(since / 1000) }, limit: pageSize };
  const events = stripe.v2.core.events.list(query)[Symbol.asyncIterator]();
  for (;;) {
    const { done, value: event } = await call(() => events.next());
    if (done || event === undefined) {
      return;
    }
    const { id, type, created } = event;
    const payload: unknown = JSON.parse(JSON.stringify(event));
    yield { id, type, createdAt: Date.parse(created), payload, twinId: event.snapshot_event ?? null };
  }
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
