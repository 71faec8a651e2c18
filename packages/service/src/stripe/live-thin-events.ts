import type Stripe from "stripe";
import { z } from "zod";
import { call, StripeFault } from "./faults.ts";
import type { MeterReport, ThinEvent, ThinEventCalls } from "./gateway.ts";

const id = z.union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)]);

// What is read of an object later on: whose it is, and which organization a checkout was opened for.
const related = z.object({
  id: z.string(),
  object: z.string(),
  customer: id.nullish(),
  client_reference_id: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

export function thinEventCalls(stripe: Stripe): ThinEventCalls {
  return {
    async fetchThinEvent(eventId) {
      const event = await call(() => stripe.v2.core.events.retrieve(eventId));
      const twinId = event.snapshot_event ?? null;
      const report = reportOf(event);
      if (report !== null) {
        return { twinId, customerId: null, object: {}, report };
      }
      return { twinId, ...(await relatedOf(event)), report: null };
    },
  };
}

function reportOf(event: Stripe.V2.Core.Event): MeterReport | null {
  if (
    event.type !== "v1.billing.meter.error_report_triggered" &&
    event.type !== "v1.billing.meter.no_meter_found"
  ) {
    return null;
  }
  const { error_count: count, error_types: types } = event.data.reason;
  const errors = types.map(({ code, sample_errors: samples }) => ({
    code: String(code),
    identifiers: samples.map(({ request }) => request.identifier),
  }));
  return { count, errors };
}

/** The object that an event is about, as it is now; one that is gone is nobody's. */
async function relatedOf(event: Stripe.V2.Core.Event): Promise<Pick<ThinEvent, "customerId" | "object">> {
  const nothing = { customerId: null, object: {} };
  if (!("fetchRelatedObject" in event)) {
    return nothing;
  }
  try {
    const object = related.parse(await call<unknown>(() => event.fetchRelatedObject()));
    const { customer, ...rest } = object;
    const customerId = (object.object === "customer" ? object.id : customer) ?? null;
    return { customerId, object: { ...rest, customer: customerId } };
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return nothing;
    }
    throw error;
  }
}
