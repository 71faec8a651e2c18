import type { Proration } from "@headroom/domain/configuration";
import type { FoundPrice } from "@headroom/domain/price-pushes";
import type { KeptPlan, SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import type { InvoiceCalls, StripeInvoice } from "./invoice-calls.ts";
import type { MeterCalls } from "./meter-calls.ts";

/**
 * The calls to Stripe that Headroom makes, in its own words. Instants are milliseconds since 1970; amounts are
 * integer minor units; unit prices decimal strings. `key` is the idempotency key: the same key and parameters answer
 * the same object again. Every call fails with `StripeFault`.
 */
export interface StripeGateway
  extends CatalogueCalls,
    CustomerCalls,
    SubscriptionCalls,
    CheckoutCalls,
    PortalCalls,
    PreviewCalls,
    InvoiceCalls,
    EventCalls,
    ThinEventCalls,
    MeterCalls {
  /** True for a live key: events of the other mode are put aside. */
  readonly livemode: boolean;
  /** Billing is not live: every call that would change something at Stripe fails with `billing_not_configured`. */
  readonly readOnly: boolean;
}

export interface CatalogueCalls {
  /** The prices with these lookup keys, archived ones too; those that Stripe lacks are left out. */
  findPrices(lookupKeys: readonly string[]): Promise<FoundPrice[]>;
  /** null: Stripe has no such price. */
  fetchPrice(priceId: string): Promise<FoundPrice | null>;
  createPrice(price: NewPrice, key: string): Promise<FoundPrice>;
  /** Changes what can be changed of a price; its lookup key is taken from whichever price has it. */
  updatePrice(priceId: string, change: PriceLabels): Promise<FoundPrice>;
  /** Every recurring price of the account, or of one product; archived ones too. */
  listPrices(productId?: string): Promise<FoundPrice[]>;
  /** null: Stripe has no such product. */
  fetchProduct(productId: string): Promise<StripeProduct | null>;
  createProduct(product: NewProduct, key: string): Promise<StripeProduct>;
  updateProduct(productId: string, change: Omit<StripeProduct, "id">): Promise<StripeProduct>;
  /** Every product of the account, archived ones too. */
  listProducts(): Promise<StripeProduct[]>;
}

export interface StripeProduct {
  id: string;
  name: string;
  active: boolean;
  metadata: Readonly<Record<string, string>>;
}

export type NewProduct = Omit<StripeProduct, "active">;

export interface NewPrice {
  productId: string;
  lookupKey: string;
  currency: string;
  interval: "month" | "year";
  unitAmount: string;
  metadata: Readonly<Record<string, string>>;
  /** Stripe's id of the meter whose usage it bills; null: it is for a quantity. */
  meterId: string | null;
}

export interface PriceLabels {
  lookupKey: string;
  active: boolean;
  metadata: Readonly<Record<string, string>>;
}

export interface CustomerCalls {
  /** The id alone of a new customer of an organization: the parameters never change, so the key never mismatches. */
  createCustomer(organizationId: string, key: string): Promise<string>;
  /** What invoices show. Without an address, the one that is there stays; null takes it away. */
  describeCustomer(customerId: string, customer: { name: string; email?: string | null }): Promise<void>;
  /** The customer and all of their subscriptions, ended ones too. Null: it was deleted. @throws
   * StripeFault `credentials` where the account has never had it */
  fetchCustomer(customerId: string): Promise<CustomerState | null>;
  /** Every customer of the account that is not deleted, page after page. */
  listCustomers(): AsyncIterable<ListedCustomer>;
  /** Every subscription of the account, ended ones too, page after page. */
  listSubscriptions(): AsyncIterable<ListedSubscription>;
}

export interface ListedCustomer {
  id: string;
  /** The organization that its metadata names. */
  organizationId: string | null;
}

export interface ListedSubscription {
  customerId: string;
  /** The organization that its metadata names. */
  organizationId: string | null;
  subscription: SubscriptionSnapshot;
}

export interface SubscriptionCalls {
  /**
   * Changes what a subscription is for. Absolute: the same change twice is one.
   * @throws StripeFault `declined` when the change had to be paid at once and was not: nothing has changed then.
   */
  updateSubscription(subscriptionId: string, change: SubscriptionChange, key: string): Promise<void>;
  /** Ends a subscription at once or with its paid period. One that has ended already is left as it is. */
  cancelSubscription(subscriptionId: string, when: "now" | "period_end", key: string): Promise<void>;
  /** Withdraws a cancellation that has not come yet. */
  resumeSubscription(subscriptionId: string, key: string): Promise<void>;
}

export interface SubscriptionChange {
  /** Items that change, by id; a new one has none and names its price; quantity null: a metered one. */
  items?: readonly { id: string | null; priceId?: string; quantity: number | null; remove?: true }[];
  /** `now`: billed, and paid or refused, at once. */
  proration: Proration;
  /** The plan that holds until the period ends although the items have the next one; null: none does. */
  kept?: KeptPlan | null;
  /** Refused, unless what is billed at once is paid: a change of interval is billed at once by itself. */
  mustBePaid?: true;
  /** Withdraws a cancellation that has not come yet. */
  resume?: true;
}

export interface CustomerState {
  /** The organization that the customer's metadata names. */
  organizationId: string | null;
  subscriptions: SubscriptionSnapshot[];
}

export interface CheckoutCalls {
  createCheckout(checkout: NewCheckout, key: string): Promise<StripeCheckout>;
  fetchCheckout(sessionId: string): Promise<StripeCheckout>;
  /** Closes an open session for good; answers its state, which is `complete` when somebody paid first. */
  expireCheckout(sessionId: string): Promise<StripeCheckout>;
}

export interface NewCheckout {
  organizationId: string;
  customerId: string;
  /** Without a quantity: a metered price. */
  items: readonly { priceId: string; quantity: number | null }[];
  /** 0: none. */
  trialDays: number;
  successUrl: string;
  cancelUrl: string;
  automaticTax: boolean;
  taxIds: boolean;
  promotionCodes: boolean;
  /** Stripe's code of a language; null: the browser's. */
  locale: string | null;
}

export interface StripeCheckout {
  id: string;
  status: "open" | "complete" | "expired";
  /** Where the person pays; null once it is no longer open. */
  url: string | null;
}

export interface PortalCalls {
  /**
   * The id of the portal's configuration: made once, found again by its metadata, set right where it differs from what
   * this release wants of it.
   */
  ensurePortalConfiguration(): Promise<{ id: string; change: "created" | "updated" | "unchanged" }>;
  /** Where a customer sees invoices and changes their card, for a few minutes. */
  createPortal(portal: NewPortal, key: string): Promise<{ url: string }>;
}

export interface NewPortal {
  customerId: string;
  /** null: the account's default. */
  configurationId: string | null;
  returnUrl: string;
}

export interface PreviewCalls {
  /**
   * The next invoice of a subscription as a change would make it: the one of the change itself when that is billed at once,
   * else the renewal's. Null: there will be none.
   */
  previewChange(
    subscriptionId: string,
    change: Pick<SubscriptionChange, "items" | "proration">,
  ): Promise<StripeInvoice | null>;
}

export interface EventCalls {
  /** Events as Stripe keeps them for 30 days, each type's newest first, page after page. */
  listEvents(query: EventQuery): AsyncIterable<StripeEvent>;
  /** Thin events of these types, the same way. Stripe does not tell which of them were delivered. */
  listThinEvents(
    query: Omit<EventQuery, "undelivered">,
  ): AsyncIterable<StripeEvent & { twinId: string | null }>;
  /** What enabled event destinations are told by thin events; `*` is everything. */
  listThinTypes(): Promise<ReadonlySet<string>>;
}

export interface EventQuery {
  types: readonly string[];
  /** Made at this instant or later. */
  since: number;
  /** Only those that some webhook endpoint has not acknowledged. */
  undelivered: boolean;
}

export interface StripeEvent {
  id: string;
  type: string;
  createdAt: number;
  /** What a webhook would have brought. */
  payload: unknown;
}

export interface ThinEventCalls {
  /** What a thin event is about, as Stripe has it now. */
  fetchThinEvent(eventId: string): Promise<ThinEvent>;
}

export interface ThinEvent {
  /** The snapshot event that tells of the same change; null: there is none. */
  twinId: string | null;
  /** Whose it is; null: nobody's, or its object is gone. */
  customerId: string | null;
  /** What is read of its object later on, as a snapshot event has it. */
  object: object;
  /** Null unless it tells of meter events that do not count. */
  report: MeterReport | null;
}

/** Meter events that Stripe took and does not count. */
export interface MeterReport {
  /** How many; the identifiers are samples of them. */
  count: number;
  /** By Stripe's word for what was wrong. */
  errors: readonly { code: string; identifiers: readonly string[] }[];
}
