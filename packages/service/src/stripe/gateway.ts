import type { Proration } from "@headroom/domain/configuration";
import type { KeptPlan, SubscriptionSnapshot } from "@headroom/domain/subscriptions";

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
    InvoiceCalls,
    EventCalls {
  /** True for a live key: events of the other mode are put aside. */
  readonly livemode: boolean;
}

export interface CatalogueCalls {
  /** The active prices with these lookup keys; those that Stripe lacks are left out. */
  findPrices(lookupKeys: readonly string[]): Promise<StripePrice[]>;
  /** Makes the product, or renames the one that has this id. */
  ensureProduct(product: NewProduct): Promise<void>;
  createPrice(price: NewPrice, key: string): Promise<StripePrice>;
}

export interface StripePrice {
  id: string;
  productId: string;
  lookupKey: string;
}

export interface NewProduct {
  id: string;
  name: string;
  metadata: Readonly<Record<string, string>>;
}

export interface NewPrice {
  productId: string;
  lookupKey: string;
  currency: string;
  interval: "month" | "year";
  unitAmount: string;
  metadata: Readonly<Record<string, string>>;
}

export interface CustomerCalls {
  /** The id alone of a new customer of an organization: the parameters never change, so the key never mismatches. */
  createCustomer(organizationId: string, key: string): Promise<string>;
  /** What invoices show. */
  describeCustomer(customerId: string, customer: { name: string; email: string | null }): Promise<void>;
  /** The customer and all of their subscriptions, ended ones too. Null: Stripe has no such customer, or deleted it. */
  fetchCustomer(customerId: string): Promise<CustomerState | null>;
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
  /** Items that change, by id; a new one has none and names its price. */
  items?: readonly { id: string | null; priceId?: string; quantity: number }[];
  /** `now`: billed, and paid or refused, at once. */
  proration: Proration;
  /** The plan that holds until the period ends although the items have the next one; null: none does. */
  kept?: KeptPlan | null;
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
  items: readonly { priceId: string; quantity: number }[];
  /** 0: none. */
  trialDays: number;
  successUrl: string;
  cancelUrl: string;
}

export interface StripeCheckout {
  id: string;
  status: "open" | "complete" | "expired";
  /** Where the person pays; null once it is no longer open. */
  url: string | null;
}

export interface InvoiceCalls {
  /** Newest first, drafts included. */
  listInvoices(customerId: string, page: { limit: number; after: string | null }): Promise<InvoicePage>;
  /** The next renewal's invoice as Stripe would write it now, or null when there will be none. */
  previewInvoice(customerId: string, subscriptionId: string): Promise<StripeInvoice | null>;
  /** The newest invoices of a subscription, at most 100. */
  listSubscriptionInvoices(subscriptionId: string): Promise<StripeInvoice[]>;
  fetchInvoice(invoiceId: string): Promise<StripeInvoice>;
  /** An empty draft that finalizes by itself and takes no pending items. */
  createInvoice(invoice: NewInvoice, key: string): Promise<StripeInvoice>;
  /** The ids of our ledger that stand on an invoice, each with its invoice item's id. */
  listLedgerItems(invoiceId: string): Promise<ReadonlyMap<string, string>>;
  /** Adds a line to a draft; answers the invoice item's id. */
  createInvoiceItem(item: NewInvoiceItem, key: string): Promise<string>;
}

export interface InvoicePage {
  invoices: StripeInvoice[];
  /** More follow after the last one. */
  more: boolean;
}

export interface StripeInvoice {
  id: string;
  number: string | null;
  status: string;
  /** Made by Stripe because a period ended. */
  renewal: boolean;
  currency: string;
  subtotal: number;
  total: number;
  amountDue: number;
  amountPaid: number;
  createdAt: number;
  /** The period that it bills in arrears. */
  periodStart: number;
  periodEnd: number;
  hostedUrl: string | null;
  pdfUrl: string | null;
  metadata: Readonly<Record<string, string>>;
  lines: StripeInvoiceLine[];
}

export interface StripeInvoiceLine {
  description: string | null;
  quantity: number | null;
  unitPrice: string | null;
  amount: number;
  periodStart: number;
  periodEnd: number;
}

export interface NewInvoice {
  customerId: string;
  /** Only while it is live. */
  subscriptionId: string | null;
  /** The subscription, ended too, whose payment method pays: Checkout keeps the card there, not at the customer. */
  paidLike: string | null;
  currency: string;
  metadata: Readonly<Record<string, string>>;
}

export interface NewInvoiceItem {
  customerId: string;
  invoiceId: string;
  /** Our ledger's id: what `listLedgerItems` finds again. */
  ledgerId: string;
  description: string;
  currency: string;
  unitPrice: string;
  quantity: number;
  periodStart: number;
  periodEnd: number;
}

export interface EventCalls {
  /** Events as Stripe keeps them for 30 days, each type's newest first, page after page. */
  listEvents(query: EventQuery): AsyncIterable<StripeEvent>;
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
