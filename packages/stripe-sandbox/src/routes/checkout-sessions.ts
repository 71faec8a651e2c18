import { type CheckoutPlan, expireSession } from "../billing/checkout.ts";
import { patched, priceForItem } from "../billing/items.ts";
import { get, save } from "../books.ts";
import { lineAmount } from "../decimal.ts";
import { httpUrl, invalid } from "../failures.ts";
import { pageInside, pageOf, within } from "../lists.ts";
import { lineItemsOf } from "../objects/checkout-lines.ts";
import { buildCheckoutSession } from "../objects/checkout-session.ts";
import { expand, paging } from "../parameters.ts";
import { route } from "../routes.ts";
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

export const checkoutSessions = [
  route("POST", "/v1/checkout/sessions", createTable, ({ books, input }) => {
    if (input.customer !== undefined && input.customer_email !== undefined) {
      throw invalid(
        "Pass only one of customer and customer_email.",
        "parameters_exclusive",
        "customer_email",
      );
    }
    const customer =
      input.customer === undefined ? null : get(books, "customer", input.customer, "customer").id;
    const first = priceForItem(books, input.line_items[0]?.price ?? "", null);
    const amounts = input.line_items.map(({ price, quantity }) =>
      lineAmount(priceForItem(books, price, first.currency).unit_amount_decimal ?? "0", quantity ?? 1),
    );
    const data = input.subscription_data;
    const trial = trialEndOf(books.now, data ?? {}) !== null;
    const session = buildCheckoutSession({
      now: books.now,
      base: books.base,
      customer,
      customerEmail: input.customer_email ?? null,
      clientReferenceId: input.client_reference_id ?? null,
      successUrl: httpUrl(input.success_url, "success_url"),
      cancelUrl: input.cancel_url === undefined ? null : httpUrl(input.cancel_url, "cancel_url"),
      expiresAt: expiry(books.now, input.expires_at),
      currency: first.currency,
      amount: trial ? 0 : amounts.reduce((sum, amount) => sum + amount, 0),
      metadata: patched({}, input.metadata),
      locale: input.locale ?? null,
      allowPromotionCodes: input.allow_promotion_codes ?? null,
      paymentMethodCollection: input.payment_method_collection ?? "always",
    });
    const plan: CheckoutPlan = {
      items: input.line_items.map((item) => ({
        price: item.price,
        quantity: item.quantity ?? 1,
        metadata: patched({}, item.metadata),
      })),
      trialDays: data?.trial_period_days ?? null,
      trialEnd: data?.trial_end ?? null,
      missingPaymentMethod: data?.trial_settings?.end_behavior.missing_payment_method ?? "create_invoice",
      description: data?.description ?? null,
      metadata: patched({}, data?.metadata),
      billingMode: data?.billing_mode?.type ?? "flexible",
    };
    return save(books, "checkout.session", session, plan);
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
