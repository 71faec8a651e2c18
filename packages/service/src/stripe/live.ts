import Stripe from "stripe";
import { boundedHttpClient } from "./deadlines.ts";
import type { StripeGateway } from "./gateway.ts";
import { catalogueCalls } from "./live-catalogue.ts";
import { checkoutCalls } from "./live-checkout.ts";
import { customerCalls } from "./live-customers.ts";
import { eventCalls } from "./live-events.ts";
import { invoiceCalls } from "./live-invoices.ts";
import { meterCalls } from "./live-meters.ts";
import { portalCalls } from "./live-portal.ts";
import { previewCalls } from "./live-previews.ts";
import { subscriptionCalls } from "./live-subscriptions.ts";
import { thinEventCalls } from "./live-thin-events.ts";

export interface StripeOptions {
  secretKey: string;
  /** Another address than Stripe's own: the sandbox. */
  apiBase?: string | undefined;
}

/** Stripe over its own client: two retries under one idempotency key, 10 s for each try. */
export function createStripeGateway({ secretKey, apiBase }: StripeOptions): StripeGateway {
  const stripe = new Stripe(secretKey, {
    maxNetworkRetries: 2,
    timeout: 10_000,
    telemetry: false,
    httpClient: boundedHttpClient(),
    appInfo: { name: "Headroom" },
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  });
  return {
    livemode: isLive(secretKey),
    readOnly: false,
    ...catalogueCalls(stripe),
    ...customerCalls(stripe),
    ...subscriptionCalls(stripe),
    ...checkoutCalls(stripe),
    ...portalCalls(stripe),
    ...previewCalls(stripe),
    ...invoiceCalls(stripe),
    ...eventCalls(stripe),
    ...meterCalls(stripe),
    ...thinEventCalls(stripe),
  };
}

/** True for a key that moves money. */
export function isLive(secretKey: string): boolean {
  return /^(sk|rk)_live_/.test(secretKey);
}

/** Where the client is to send to instead of Stripe. */
export function addressOf(apiBase: string): { host: string; port: string; protocol: "http" | "https" } {
  const { hostname, port, protocol } = new URL(apiBase);
  return protocol === "https:"
    ? { host: hostname, port: port || "443", protocol: "https" }
    : { host: hostname, port: port || "80", protocol: "http" };
}
