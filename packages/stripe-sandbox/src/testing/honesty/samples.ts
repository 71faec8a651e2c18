import type Stripe from "stripe";

/** Types of each sort, for the test that proves that the walk sees each sort of fault. */
export interface Samples {
  text: string;
  nullable: string | null;
  closed: "a" | "b";
  open: Stripe.Subscription.Status;
  expandable: string | { id: string; object: "leaf" } | { id: string; object: "leaf"; deleted: true };
  either: { type: "card"; card: number } | { type: "bank"; bank: string };
  list: Array<{ n: number }>;
  nested: { inner: { needed: boolean; free?: string } };
  metadata: Record<string, string>;
  amount: Stripe.Decimal;
  event: Stripe.PriceUpdatedEvent.Data;
}
