import { type Books, get, inFront, note, save } from "../books.ts";
import { boundaryAfter } from "../calendar.ts";
import { declined, invalid } from "../failures.ts";
import { newId } from "../ids.ts";
import { buildItem, buildSubscription } from "../objects/subscription.ts";
import type { Invoice, Price, Subscription } from "../wire.ts";
import { type Redemption, redeem } from "./discounts.ts";
import { finalize, send } from "./finalization.ts";
import { draftForSubscription } from "./invoicing.ts";
import { assertItems, priceForItem, recurrenceOf } from "./items.ts";
import { quantityFor } from "./metered-usage.ts";
import { charges, collect, payerOf } from "./payment.ts";
import type { PaymentBehavior } from "./subscription-change.ts";
import { assertOneTax, taxRatesNamed } from "./taxes.ts";

export interface SubscriptionStart {
  customer: string;
  /** A quantity that is absent is 1, and none for a metered price. */
  items: Array<{
    price: string;
    quantity: number | undefined;
    metadata: Record<string, string>;
    taxRates?: string[];
  }>;
  trialEnd: number | null;
  missingPaymentMethod: string;
  defaultPaymentMethod: string | null;
  description: string | null;
  metadata: Record<string, string>;
  billingMode: string;
  paymentBehavior: PaymentBehavior;
  discounts: Redemption[];
  defaultTaxRates: string[];
  automaticTax: boolean;
  /** Days to pay an invoice that is sent; null charges automatically. */
  daysUntilDue: number | null;
  /** The schedule that starts it: active at once, its first invoice waits as a draft. */
  schedule?: string;
  /** The session it is started from. */
  checkoutSession?: string;
}

const noticeBefore = 3 * 86_400;

/**
 * Starts a subscription and its first invoice: paid it is active, with a trial trialing, declined incomplete.
 * Notes `customer.subscription.created` first, already in that status. Errors: 400 without any payment method,
 * 402 `card_declined` under `error_if_incomplete`.
 */
export function startSubscription(books: Books, start: SubscriptionStart): Subscription {
  const mark = books.noted.length;
  const prices = start.items.map(({ price }) =>
    priceForItem(books, price, null, start.schedule !== undefined),
  );
  const draft = firstState(books, start, prices);
  save(books, "subscription", draft);
  rememberCurrency(books, start.customer, draft.currency);
  const invoice = draftForSubscription(books, draft, {
    reason: "subscription_create",
    items: draft.items.data,
    trial: start.trialEnd !== null,
    period: { start: books.now, end: books.now },
    waits: start.schedule !== undefined,
  });
  const begun = { ...get(books, "subscription", draft.id), latest_invoice: invoice.id };
  const status =
    start.trialEnd === null ? outcome(books, start, save(books, "subscription", begun), invoice) : "trialing";
  const subscription = save(books, "subscription", { ...begun, status });
  inFront(books, mark, () => {
    note(books, "customer.subscription.created", subscription);
    // A trial shorter than the notice is announced at once.
    const short = start.trialEnd !== null && start.trialEnd - noticeBefore <= books.now;
    if (short) note(books, "customer.subscription.trial_will_end", subscription);
  });
  if (start.schedule !== undefined) return get(books, "subscription", subscription.id);
  const open = finalize(books, invoice);
  if (open.status === "open") ask(books, start, open);
  return get(books, "subscription", subscription.id);
}

/** The first attempt to be paid, unless that is left to the caller. */
function ask(books: Books, start: SubscriptionStart, open: Invoice): void {
  if (start.daysUntilDue !== null) send(books, open);
  else if (start.paymentBehavior !== "default_incomplete") collect(books, open);
}

function outcome(books: Books, start: SubscriptionStart, begun: Subscription, invoice: Invoice): string {
  if (start.schedule !== undefined || invoice.amount_due === 0 || start.daysUntilDue !== null)
    return "active";
  const method = payerOf(books, invoice);
  if (start.paymentBehavior === "default_incomplete") return "incomplete";
  if (!method) {
    throw invalid(
      `The customer ${begun.customer} has no default payment method to charge.`,
      "resource_missing",
      "default_payment_method",
    );
  }
  if (charges(books, method)) return "active";
  if (start.paymentBehavior === "error_if_incomplete") throw declined();
  return "incomplete";
}

function firstState(books: Books, start: SubscriptionStart, prices: Price[]): Subscription {
  const id = newId("sub");
  const currency = prices[0]?.currency ?? "usd";
  if (prices.some((price) => price.currency !== currency)) {
    throw invalid("All items of a subscription have one currency.", undefined, "items");
  }
  const anchor = start.trialEnd ?? books.now;
  const items = prices.map((price, index) =>
    buildItem({
      now: books.now,
      subscription: id,
      price,
      quantity: quantityFor(price, start.items[index]?.quantity),
      metadata: start.items[index]?.metadata ?? {},
      taxRates: taxRatesNamed(books, start.items[index]?.taxRates ?? [], "items[tax_rates]"),
      period: {
        start: books.now,
        end: start.trialEnd ?? boundaryAfter(anchor, recurrenceOf(price), books.now),
      },
    }),
  );
  assertItems(items);
  const rates = [...start.defaultTaxRates, ...items.flatMap((item) => item.tax_rates ?? [])];
  assertOneTax(start.automaticTax, rates);
  const session = start.checkoutSession === undefined ? {} : { checkoutSession: start.checkoutSession };
  const owner = { customer: start.customer, currency, subscription: id, ...session };
  const {
    customer,
    trialEnd,
    missingPaymentMethod,
    defaultPaymentMethod,
    description,
    metadata,
    billingMode,
  } = start;
  return buildSubscription({
    id,
    now: books.now,
    customer,
    currency,
    anchor,
    status: trialEnd === null ? "incomplete" : "trialing",
    billingMode,
    trialEnd,
    missingPaymentMethod,
    defaultPaymentMethod,
    description,
    metadata,
    items,
    discounts: redeem(books, start.discounts, owner),
    defaultTaxRates: taxRatesNamed(books, start.defaultTaxRates, "default_tax_rates"),
    automaticTax: start.automaticTax,
    collectionMethod: start.daysUntilDue === null ? "charge_automatically" : "send_invoice",
    daysUntilDue: start.daysUntilDue,
    schedule: start.schedule ?? null,
  });
}

function rememberCurrency(books: Books, id: string, currency: string): void {
  const customer = get(books, "customer", id);
  if (customer.currency) {
    if (customer.currency !== currency) {
      throw invalid(
        `The customer is billed in ${customer.currency}, not in ${currency}.`,
        undefined,
        "currency",
      );
    }
    return;
  }
  save(books, "customer", { ...customer, currency });
}
