import type Stripe from "stripe";

type Plain = string | number | boolean | null | undefined;

/**
 * A Stripe object as it is kept and sent: decimals are strings, expandable fields are ids.
 * The shape is the `stripe` package's own, so a field that Stripe adds and a builder lacks is a compile error.
 */
export type Stored<T> = T extends Stripe.Decimal
  ? string
  : T extends Plain
    ? T
    : T extends ReadonlyArray<infer Item>
      ? Array<StoredField<Item>>
      : T extends object
        ? { [Key in keyof T]: StoredField<T[Key]> }
        : T;

type StoredField<Field> = string extends Field ? Stored<Exclude<Field, { id: string }>> : Stored<Field>;

export type Customer = Stored<Stripe.Customer>;
export type Product = Stored<Stripe.Product>;
export type Price = Stored<Stripe.Price>;
export type Plan = Stored<Stripe.Plan>;
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
export type Subscription = Stored<Stripe.Subscription>;
export type SubscriptionSchedule = Stored<Stripe.SubscriptionSchedule>;
export type SubscriptionItem = Stored<Stripe.SubscriptionItem>;
export type Invoice = Stored<Stripe.Invoice>;
export type InvoiceLine = Stored<Stripe.InvoiceLineItem>;
export type InvoiceItem = Stored<Stripe.InvoiceItem>;
export type Coupon = Stored<Stripe.Coupon>;
export type PromotionCode = Stored<Stripe.PromotionCode>;
export type Discount = Stored<Stripe.Discount>;
export type TaxRate = Stored<Stripe.TaxRate>;
export type CheckoutSession = Stored<Stripe.Checkout.Session>;
export type PortalSession = Stored<Stripe.BillingPortal.Session>;
export type PortalConfiguration = Stored<Stripe.BillingPortal.Configuration>;
export type WebhookEndpoint = Stored<Stripe.WebhookEndpoint>;
export type Meter = Stored<Stripe.Billing.Meter>;
export type MeterEvent = Stored<Stripe.Billing.MeterEvent>;
export type MeterEventAdjustment = Stored<Stripe.Billing.MeterEventAdjustment>;
export type MeterEventSummary = Stored<Stripe.Billing.MeterEventSummary>;
export type EventDestination = Stored<Stripe.V2.Core.EventDestination>;
export type EventType = Stripe.Event["type"];
/** Every type of a thin event, by the package. */
export type ThinType = Stripe.V2.Core.Event["type"];

/** An event as it is kept: `data.object` is a snapshot taken when it happened. */
export interface StoredEvent {
  id: string;
  object: "event";
  api_version: string;
  created: number;
  data: { object: object; previous_attributes?: Record<string, unknown> };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: EventType;
}

/** A thin event as it is kept. `data` is answered when it is fetched and is not delivered. */
export interface StoredThinEvent {
  id: string;
  object: "v2.core.event";
  created: string;
  livemode: false;
  type: ThinType;
  reason?: { type: "request"; request: { id: string; idempotency_key: string } };
  related_object?: { id: string; type: string; url: string };
  snapshot_event?: string;
  data?: object;
}

/** Every kind of object the sandbox keeps, by its `object` name. */
export interface ObjectOf {
  customer: Customer;
  product: Product;
  price: Price;
  payment_method: PaymentMethod;
  subscription: Subscription;
  subscription_schedule: SubscriptionSchedule;
  invoice: Invoice;
  invoiceitem: InvoiceItem;
  coupon: Coupon;
  promotion_code: PromotionCode;
  discount: Discount;
  tax_rate: TaxRate;
  "checkout.session": CheckoutSession;
  "billing_portal.session": PortalSession;
  "billing_portal.configuration": PortalConfiguration;
  webhook_endpoint: WebhookEndpoint;
  event: StoredEvent;
  "billing.meter": Meter;
  "v2.core.event": StoredThinEvent;
  "v2.core.event_destination": EventDestination;
}
export type Kind = keyof ObjectOf;
