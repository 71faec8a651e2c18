import Stripe from "stripe";
import { relevantEventTypes } from "./event-types.ts";
import { call } from "./faults.ts";
import { addressOf, type StripeOptions } from "./live.ts";

/** A webhook endpoint of the account, in the mode of the key. */
export interface RegisteredEndpoint {
  url: string;
  enabled: boolean;
  /** The version its events are written in; null: the account's default. */
  apiVersion: string | null;
  /** Of the events that Headroom applies, those that it is not subscribed to. */
  missingEvents: string[];
}

export interface StripeInspection {
  endpoints: RegisteredEndpoint[];
  /** The time that Stripe says it is, by its answer's Date header; null: it said none. */
  at: Date | null;
}

/** The version of Stripe's API that this code reads. */
export const stripeApiVersion: string = Stripe.API_VERSION;

/** Asks Stripe once, for 4 seconds, without a retry. @throws StripeFault */
export async function inspectStripe({ secretKey, apiBase }: StripeOptions): Promise<StripeInspection> {
  const stripe = new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: 4_000,
    telemetry: false,
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  });
  const { data, lastResponse } = await call(() => stripe.webhookEndpoints.list({ limit: 100 }));
  const date = Date.parse(lastResponse.headers.date ?? "");
  return { endpoints: data.map(toEndpoint), at: Number.isNaN(date) ? null : new Date(date) };
}

function toEndpoint({
  url,
  status,
  api_version: apiVersion,
  enabled_events: events,
}: Stripe.WebhookEndpoint) {
  return {
    url,
    enabled: status === "enabled",
    apiVersion,
    missingEvents: events.includes("*")
      ? []
      : relevantEventTypes.filter((type) => !events.some((one) => one === type)),
  };
}
