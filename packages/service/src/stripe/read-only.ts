import { DomainError } from "@headroom/domain/errors";
import type { StripeGateway } from "./gateway.ts";

/** The calls that leave Stripe as it is. A call that is not listed here does not reach Stripe in shadow mode. */
const reads = [
  "findPrices",
  "fetchPrice",
  "listPrices",
  "fetchProduct",
  "listProducts",
  "fetchCustomer",
  "listCustomers",
  "listSubscriptions",
  "fetchCheckout",
  "previewChange",
  "previewInvoice",
  "listInvoices",
  "listSubscriptionInvoices",
  "fetchInvoice",
  "listInvoiceLines",
  "listLedgerItems",
  "listCustomerLedgerItems",
  "listEvents",
  "listThinEvents",
  "listThinTypes",
  "fetchThinEvent",
  "sumMeterEvents",
  "usageBilled",
] as const satisfies readonly (keyof StripeGateway)[];

/** What shadow mode answers to whatever would change something at Stripe (503). */
export function notLive(): DomainError {
  return new DomainError(
    "billing_not_configured",
    "Billing is not live: the configuration says billing.live false, and nothing is changed at Stripe.",
    { live: false },
  );
}

/** The same gateway without the calls that change something: they fail before anything is sent. */
export function withoutChanges(stripe: StripeGateway): StripeGateway {
  const calls = Object.entries(stripe).map(([name, call]) => {
    const passes = typeof call !== "function" || reads.some((read) => read === name);
    return [name, passes ? call : () => Promise.reject(notLive())];
  });
  return { ...(Object.fromEntries(calls) as StripeGateway), readOnly: true };
}
