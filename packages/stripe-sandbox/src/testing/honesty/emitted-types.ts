import type Stripe from "stripe";
import type { Kind } from "../../wire.ts";

/** What a thin event is on the wire: the package adds the calls that fetch more. */
type Wire<T> = T extends unknown ? Omit<T, "fetchRelatedObject" | "fetchEvent"> : never;

type Embedded =
  | "billing.meter_event"
  | "billing.meter_event_adjustment"
  | "billing.meter_event_summary"
  | "v2.list"
  | "plan"
  | "subscription_item"
  | "line_item"
  | "item"
  | "list"
  | "error";

/**
 * How the `stripe` package types each kind of object that the sandbox can emit, by the object's own `object` field.
 * The walk compiles this file and reads the interface. A kind that the sandbox keeps and this lacks does not compile.
 */
export interface EmittedTypes extends Record<Kind | Embedded, object> {
  customer: Stripe.Customer | Stripe.DeletedCustomer;
  product: Stripe.Product | Stripe.DeletedProduct;
  price: Stripe.Price;
  plan: Stripe.Plan;
  payment_method: Stripe.PaymentMethod;
  subscription: Stripe.Subscription;
  subscription_schedule: Stripe.SubscriptionSchedule;
  subscription_item: Stripe.SubscriptionItem | Stripe.DeletedSubscriptionItem;
  invoice: Stripe.Invoice;
  line_item: Stripe.InvoiceLineItem;
  invoiceitem: Stripe.InvoiceItem | Stripe.DeletedInvoiceItem;
  coupon: Stripe.Coupon | Stripe.DeletedCoupon;
  promotion_code: Stripe.PromotionCode;
  discount: Stripe.Discount | Stripe.DeletedDiscount;
  tax_rate: Stripe.TaxRate;
  item: Stripe.LineItem;
  "checkout.session": Stripe.Checkout.Session;
  "billing_portal.session": Stripe.BillingPortal.Session;
  "billing_portal.configuration": Stripe.BillingPortal.Configuration;
  webhook_endpoint: Stripe.WebhookEndpoint | Stripe.DeletedWebhookEndpoint;
  event: Stripe.Event;
  "billing.meter": Stripe.Billing.Meter;
  "billing.meter_event": Stripe.Billing.MeterEvent;
  "billing.meter_event_adjustment": Stripe.Billing.MeterEventAdjustment;
  "billing.meter_event_summary": Stripe.Billing.MeterEventSummary;
  "v2.core.event": Wire<Stripe.V2.Core.Event> | Wire<Stripe.V2.Core.EventNotification>;
  "v2.core.event_destination": Stripe.V2.Core.EventDestination | Stripe.V2.DeletedObject;
  "v2.list": Stripe.V2List<unknown>;
  list: Stripe.ApiList<unknown>;
  error: Stripe.StripeRawError;
}

/** Every kind above, for the test that demands to have seen each of them. */
export const emittedKinds: Record<Kind | Embedded, true> = {
  customer: true,
  product: true,
  price: true,
  plan: true,
  payment_method: true,
  subscription: true,
  subscription_schedule: true,
  subscription_item: true,
  invoice: true,
  line_item: true,
  invoiceitem: true,
  coupon: true,
  promotion_code: true,
  discount: true,
  tax_rate: true,
  item: true,
  "checkout.session": true,
  "billing_portal.session": true,
  "billing_portal.configuration": true,
  webhook_endpoint: true,
  event: true,
  "billing.meter": true,
  "billing.meter_event": true,
  "billing.meter_event_adjustment": true,
  "billing.meter_event_summary": true,
  "v2.core.event": true,
  "v2.core.event_destination": true,
  "v2.list": true,
  list: true,
  error: true,
};
