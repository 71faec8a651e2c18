import { expireSession } from "../billing/checkout.ts";
import { firstInvoice, lineSums, type SessionPlan } from "../billing/checkout-plan.ts";
import { patched } from "../billing/items.ts";
import { assertTaxLocation } from "../billing/taxes.ts";
import { sum } from "../billing/totals.ts";
import { type Books, get, save } from "../books.ts";
import { httpUrl, invalid } from "../failures.ts";
import { pageInside, pageOf, within } from "../lists.ts";
import { lineItemsOf } from "../objects/checkout-lines.ts";
import { buildCheckoutSession } from "../objects/checkout-session.ts";
import { expand, type Parsed, paging } from "../parameters.ts";
import { route } from "../routes.ts";
import type { Customer } from "../wire.ts";
import { createTable, listTable } from "./checkout-parameters.ts";
import { trialEndOf } from "./subscription-parameters.ts";

const day = 86_400;
const shortest = 30 * 60;

/** Sessions last 24 hours unless asked otherwise, from 30 minutes up to 24 hours. */
function expiry(now: number, asked: number | undefined): number {
  if (asked === undefined) return now + day;
  if (asked < now + shortest || asked > now + day) {
    throw invalid("expires_at must be 30 minutes to 24 hours ahead.", undefined, "expires_at");
  }
  return asked;
}

type Input = Parsed<typeof createTable>;

function exclusive(names: string, param: string): Error {
  return invalid(`Pass only one of ${names}.`, "parameters_exclusive", param);
}

/** The known customer; what Stripe's page may ask of one is checked here, as Stripe does. */
function customerFor(books: Books, input: Input): Customer | null {
  const { customer_update: update } = input;
  if (input.customer === undefined) {
    if (update) throw invalid("customer_update is for a given customer.", undefined, "customer_update");
    return null;
  }
  const customer = get(books, "customer", input.customer, "customer");
  if (input.automatic_tax?.enabled && update?.address !== "auto") assertTaxLocation(customer);
  if (input.tax_id_collection?.enabled && update?.name !== "auto") {
    const message = "Collecting tax ids from a given customer needs customer_update[name]=auto.";
    throw invalid(message, undefined, "tax_id_collection");
  }
  return customer;
}

function planOf(input: Input): SessionPlan {
  const data = input.subscription_data;
  return {
    items: input.line_items.map((item) => ({
      price: item.price,
      quantity: item.quantity,
      metadata: patched({}, item.metadata),
      taxRates: item.tax_rates ?? [],
    })),
    trialDays: data?.trial_period_days || null,
    trialEnd: data?.trial_end ?? null,
    missingPaymentMethod: data?.trial_settings?.end_behavior.missing_payment_method ?? "create_invoice",
    description: data?.description ?? null,
    metadata: patched({}, data?.metadata),
    billingMode: data?.billing_mode?.type ?? "flexible",
    discounts: input.discounts ?? [],
    defaultTaxRates: data?.default_tax_rates ?? [],
    automaticTax: input.automatic_tax?.enabled === true,
    updates: {
      address: input.customer_update?.address === "auto",
      name: input.customer_update?.name === "auto",
    },
  };
}

export const checkoutSessions = [
  route("POST", "/v1/checkout/sessions", createTable, ({ books, input }) => {
    if (input.customer !== undefined && input.customer_email !== undefined) {
      throw exclusive("customer and customer_email", "customer_email");
    }
    const customer = customerFor(books, input);
    const [discount, ...more] = input.discounts ?? [];
    if (more.length > 0) throw invalid("A session takes one discount.", undefined, "discounts");
    if (discount && input.allow_promotion_codes !== undefined) {
      throw exclusive("allow_promotion_codes and discounts", "discounts");
    }
    trialEndOf(books.now, input.subscription_data ?? {});
    const plan = planOf(input);
    const invoice = firstInvoice(books, plan, customer?.id ?? null);
    if (input.currency !== undefined && input.currency !== invoice.currency) {
      throw invalid(
        `The prices are in ${invoice.currency}, not in ${input.currency}.`,
        undefined,
        "currency",
      );
    }
    const taxIds = input.tax_id_collection;
    const session = buildCheckoutSession({
      now: books.now,
      base: books.base,
      customer: customer?.id ?? null,
      customerEmail: input.customer_email ?? null,
      clientReferenceId: input.client_reference_id ?? null,
      successUrl: httpUrl(input.success_url, "success_url"),
      cancelUrl: input.cancel_url === undefined ? null : httpUrl(input.cancel_url, "cancel_url"),
      expiresAt: expiry(books.now, input.expires_at),
      currency: invoice.currency,
      subtotal: invoice.subtotal,
      discount: sum((invoice.total_discount_amounts ?? []).map(({ amount }) => amount)),
      tax: sum((invoice.total_taxes ?? []).map(({ amount }) => amount)),
      total: invoice.total,
      discounts: (input.discounts ?? []).map(({ coupon, promotion_code: code }) => ({
        coupon: coupon ?? null,
        promotion_code: code ?? null,
      })),
      automaticTax: plan.automaticTax ? (invoice.automatic_tax.status ?? "requires_location_inputs") : null,
      taxIds: taxIds && { enabled: taxIds.enabled, required: taxIds.required ?? "never" },
      metadata: patched({}, input.metadata),
      locale: input.locale ?? null,
      allowPromotionCodes: input.allow_promotion_codes ?? null,
      paymentMethodCollection: input.payment_method_collection ?? "always",
    });
    return save(books, "checkout.session", session, { ...plan, lines: lineSums(invoice) });
  }),
  route("GET", "/v1/checkout/sessions", listTable, ({ books, input, path }) =>
    pageOf(books, "checkout.session", path, input, {
      equal: {
        "$.customer": input.customer,
        "$.subscription": input.subscription,
        "$.status": input.status,
        "$.customer_details.email": input.customer_details?.email,
      },
      where: within("created", input.created),
    }),
  ),
  route("GET", "/v1/checkout/sessions/{id}", { expand }, ({ books, id }) =>
    get(books, "checkout.session", id),
  ),
  route("GET", "/v1/checkout/sessions/{id}/line_items", { ...paging }, ({ books, input, id, path }) =>
    pageInside(books, path, input, lineItemsOf(books, get(books, "checkout.session", id)).data),
  ),
  route("POST", "/v1/checkout/sessions/{id}/expire", { expand }, ({ books, id }) => {
    const session = get(books, "checkout.session", id);
    if (session.status !== "open") {
      throw invalid(
        `Only open sessions can be expired; this one is ${session.status}.`,
        "status_transition_invalid",
      );
    }
    return expireSession(books, session);
  }),
];
