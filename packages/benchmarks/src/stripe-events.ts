import { createHmac, randomBytes } from "node:crypto";

/** An event as Stripe posts it. */
export interface SignedEvent {
  id: string;
  /** The request as it goes over the wire. */
  request: string;
  /** It was sent, and acknowledged, before. */
  again: boolean;
}

const remembered = 1_024;
const customers = 10_000;

/** What the benchmark's webhook endpoint is signed with. */
export const signingSecret = "whsec_benchmark";

/**
 * Draws events about subscriptions, 2.3 kB each and signed now, of 10,000 customers; one of a hundred is one that was
 * acknowledged, sent again. `acknowledge` tells which those are.
 */
export function createEvents(url: string): { next(): SignedEvent; acknowledge(event: SignedEvent): void } {
  const { host, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json; charset=utf-8\r\n`;
  const recent: { id: string; body: string }[] = [];
  let acknowledged = 0;
  const bodies = new Map<SignedEvent, string>();

  function sign({ id, body }: { id: string; body: string }, again: boolean): SignedEvent {
    const seconds = Math.floor(Date.now() / 1_000);
    const mac = createHmac("sha256", signingSecret).update(`${seconds}.${body}`).digest("hex");
    const headers = `stripe-signature: t=${seconds},v1=${mac}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const event = { id, request: head + headers + body, again };
    bodies.set(event, body);
    return event;
  }

  return {
    next() {
      const known = Math.random() < 0.01 ? recent[Math.floor(Math.random() * recent.length)] : undefined;
      if (known !== undefined) return sign(known, true);
      const id = `evt_1${randomBytes(12).toString("hex")}`;
      return sign({ id, body: bodyOf(id, Math.floor(Math.random() * customers)) }, false);
    },
    acknowledge(event) {
      const body = bodies.get(event) ?? "";
      bodies.delete(event);
      if (event.again) return;
      recent[acknowledged % remembered] = { id: event.id, body };
      acknowledged += 1;
    },
  };
}

function bodyOf(id: string, customer: number): string {
  const place = String(customer).padStart(14, "0");
  return template.replaceAll("EVENT", id).replaceAll("PLACE", place);
}

const began = 1_780_000_000;
const month = 2_678_400;

const price = {
  id: "price_1PgafmB7WZ01zgkW",
  object: "price",
  active: true,
  billing_scheme: "per_unit",
  created: began,
  currency: "usd",
  custom_unit_amount: null,
  livemode: false,
  lookup_key: "pro_month_v1",
  metadata: { headroom_plan: "pro", headroom_plan_version: "1", headroom_role: "base" },
  nickname: null,
  product: "prod_QXg1hqf4jFNsqG",
  recurring: {
    interval: "month",
    interval_count: 1,
    meter: null,
    trial_period_days: null,
    usage_type: "licensed",
  },
  tax_behavior: "unspecified",
  tiers_mode: null,
  transform_quantity: null,
  type: "recurring",
  unit_amount: 2_000,
  unit_amount_decimal: "2000",
};

const item = {
  id: "si_PLACE",
  object: "subscription_item",
  billing_thresholds: null,
  created: began,
  current_period_end: began + month,
  current_period_start: began,
  discounts: [],
  metadata: {},
  price,
  quantity: 1,
  subscription: "sub_PLACE",
  tax_rates: [],
};

// The fields that Stripe sends with a subscription of one item.
const template = JSON.stringify({
  id: "EVENT",
  object: "event",
  api_version: "2026-08-26.dahlia",
  created: began,
  data: {
    object: {
      id: "sub_PLACE",
      object: "subscription",
      application: null,
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      billing_cycle_anchor: began,
      billing_mode: { type: "flexible" },
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { comment: null, feedback: null, reason: null },
      collection_method: "charge_automatically",
      created: began,
      currency: "usd",
      customer: "cus_PLACE",
      days_until_due: null,
      default_payment_method: "pm_PLACE",
      default_tax_rates: [],
      description: null,
      discounts: [],
      ended_at: null,
      invoice_settings: { account_tax_ids: null, issuer: { type: "self" } },
      items: {
        object: "list",
        data: [item],
        has_more: false,
        url: "/v1/subscription_items?subscription=sub_PLACE",
      },
      latest_invoice: "in_PLACE",
      livemode: false,
      metadata: {},
      pause_collection: null,
      payment_settings: { payment_method_options: null, save_default_payment_method: "off" },
      pending_setup_intent: null,
      pending_update: null,
      schedule: null,
      start_date: began,
      status: "active",
      test_clock: null,
      trial_end: null,
      trial_start: null,
    },
    previous_attributes: { default_payment_method: null },
  },
  livemode: false,
  pending_webhooks: 1,
  request: { id: "req_PLACE", idempotency_key: null },
  type: "customer.subscription.updated",
});
