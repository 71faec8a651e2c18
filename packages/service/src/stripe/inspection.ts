import Stripe from "stripe";
import { relevantEventTypes, requiredThinTypes } from "./event-types.ts";
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

/** An event destination that sends thin events to an address. */
export interface RegisteredDestination {
  name: string;
  /** null: it sends to no address, but to a cloud's bus. */
  url: string | null;
  enabled: boolean;
  /** Of the events that billing meters need, those that it is not subscribed to. */
  missingEvents: string[];
}

/** The version of Stripe's API that this code reads. */
export const stripeApiVersion: string = Stripe.API_VERSION;

function impatient({ secretKey, apiBase }: StripeOptions): Stripe {
  return new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: 4_000,
    telemetry: false,
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  });
}

/** The destinations of thin events, in the mode of the key; asked as `inspectStripe` asks. @throws StripeFault */
export async function inspectDestinations(options: StripeOptions): Promise<RegisteredDestination[]> {
  const { eventDestinations } = impatient(options).v2.core;
  const found: RegisteredDestination[] = [];
  await call(async () => {
    for await (const one of eventDestinations.list({ include: ["webhook_endpoint.url"] })) {
      if (one.event_payload === "thin") found.push(toDestination(one));
    }
  });
  return found;
}

function toDestination(destination: Stripe.V2.Core.EventDestination): RegisteredDestination {
  const { name, status, enabled_events: events, webhook_endpoint: endpoint } = destination;
  const url = endpoint?.url ?? null;
  const missingEvents = events.includes("*")
    ? []
    : requiredThinTypes.filter((type) => !events.includes(type));
  return { name, url, enabled: status === "enabled", missingEvents };
}

/** Asks Stripe once, for 4 seconds, without a retry. @throws StripeFault */
export async function inspectStripe(options: StripeOptions): Promise<StripeInspection> {
  const stripe = impatient(options);
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
