import type Stripe from "stripe";
import { finalize, finalizeAndCollect } from "../billing/finalization.ts";
import { draftByHand, draftFor } from "../billing/invoicing.ts";
import { patched } from "../billing/items.ts";
import { collectWith, payerOf } from "../billing/payment.ts";
import { methodFor } from "../billing/payment-methods.ts";
import { settle } from "../billing/settlement.ts";
import { type Books, change, get, note, save } from "../books.ts";
import { declined, invalid, missing } from "../failures.ts";
import { pageInside, pageOf, within } from "../lists.ts";
import {
  choice,
  clearable,
  expand,
  flag,
  ignored,
  integer,
  metadata,
  only,
  onlyDisabled,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { Invoice, Subscription } from "../wire.ts";
import { invoicePreview } from "./invoice-preview.ts";

const shared = {
  account_tax_ids: refused,
  application_fee_amount: refused,
  auto_advance: flag,
  automatic_tax: onlyDisabled,
  automatically_finalizes_at: integer,
  collection_method: only("charge_automatically"),
  custom_fields: refused,
  days_until_due: refused,
  default_payment_method: text,
  default_source: refused,
  default_tax_rates: refused,
  description: clearable(text),
  discounts: refused,
  due_date: refused,
  effective_at: refused,
  expand,
  footer: clearable(text),
  issuer: refused,
  metadata,
  number: refused,
  on_behalf_of: refused,
  payment_settings: ignored,
  rendering: ignored,
  shipping_cost: refused,
  shipping_details: refused,
  statement_descriptor: clearable(text),
  transfer_data: refused,
};
const createTable = parameters<Stripe.InvoiceCreateParams>()({
  ...shared,
  currency: text,
  customer: required(text),
  customer_account: refused,
  from_invoice: refused,
  pending_invoice_items_behavior: choice("include", "exclude"),
  subscription: text,
});
const updateTable = parameters<Stripe.InvoiceUpdateParams>()(shared);
const listTable = parameters<Stripe.InvoiceListParams>()({
  ...paging,
  collection_method: only("charge_automatically"),
  created: range,
  customer: text,
  customer_account: refused,
  due_date: refused,
  status: choice("draft", "open", "paid", "uncollectible", "void"),
  subscription: text,
});
const finalizeTable = parameters<Stripe.InvoiceFinalizeInvoiceParams>()({ auto_advance: flag, expand });
const payTable = parameters<Stripe.InvoicePayParams>()({
  expand,
  forgive: refused,
  mandate: refused,
  off_session: ignored,
  paid_out_of_band: flag,
  payment_method: text,
  source: refused,
});

/** When a draft finalizes: never without auto_advance, as asked, else an hour after it could first. */
function finalizesAt(
  books: Books,
  advance: boolean,
  asked: number | undefined,
  current: number | null,
): number | null {
  if (asked !== undefined && asked <= books.now) {
    throw invalid(
      "automatically_finalizes_at must be in the future.",
      undefined,
      "automatically_finalizes_at",
    );
  }
  return advance ? (asked ?? current ?? books.now + draftFor) : null;
}

function liveSubscription(books: Books, id: string, customer: string): Subscription {
  const subscription = get(books, "subscription", id, "subscription");
  if (subscription.customer !== customer) throw missing("subscription", id, "subscription");
  if (["canceled", "incomplete_expired"].includes(subscription.status)) {
    throw invalid(`The subscription ${id} has ended and cannot be invoiced.`, undefined, "subscription");
  }
  return subscription;
}

/** An attempt to pay that the request asked for. A declined card is kept as an attempt and answered 402. */
function pay(books: Books, invoice: Invoice, methodId: string | undefined, outOfBand: boolean): object {
  if (invoice.status === "paid") throw invalid("Invoice is already paid", "invoice_already_paid");
  const open = invoice.status === "draft" ? finalize(books, invoice) : invoice;
  if (open.status === "paid") return open;
  if (open.status !== "open") throw invalid(`This invoice is ${open.status} and cannot be paid.`);
  if (outOfBand) return settle(books, open, { amount: open.amount_due, charged: false });
  const named =
    methodId === undefined ? null : methodFor(books, methodId, open.customer ?? "", "payment_method");
  const method = named ?? payerOf(books, open);
  if (!method)
    throw invalid("The customer has no payment method to charge.", "resource_missing", "payment_method");
  const result = collectWith(books, open, method);
  return result.status === "paid" ? result : { failure: declined() };
}

export const invoices = [
  route("POST", "/v1/invoices", createTable, ({ books, input }) => {
    const customer = get(books, "customer", input.customer, "customer");
    const owner = input.subscription ? liveSubscription(books, input.subscription, customer.id) : null;
    const currency = owner?.currency ?? input.currency?.toLowerCase() ?? customer.currency ?? "usd";
    const advance = input.auto_advance ?? false;
    const method = input.default_payment_method;
    return draftByHand(
      books,
      {
        now: books.now,
        customer,
        currency,
        reason: "manual",
        subscription: owner && { id: owner.id, metadata: owner.metadata },
        period: { start: books.now, end: books.now },
        autoAdvance: advance,
        finalizesAt: finalizesAt(books, advance, input.automatically_finalizes_at, null),
        defaultPaymentMethod: method
          ? methodFor(books, method, customer.id, "default_payment_method").id
          : null,
        description: input.description ?? null,
        metadata: patched({}, input.metadata),
      },
      input.pending_invoice_items_behavior === "include",
    );
  }),
  route("GET", "/v1/invoices", listTable, ({ books, input, path }) =>
    pageOf(books, "invoice", path, input, {
      equal: {
        "$.customer": input.customer,
        "$.status": input.status,
        "$.collection_method": input.collection_method,
        "$.parent.subscription_details.subscription": input.subscription,
      },
      where: within("created", input.created),
    }),
  ),
  invoicePreview,
  route("GET", "/v1/invoices/{id}", { expand }, ({ books, id }) => get(books, "invoice", id)),
  route("POST", "/v1/invoices/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "invoice", id);
    const draft = before.status === "draft";
    if (
      !draft &&
      (input.automatically_finalizes_at !== undefined || input.default_payment_method !== undefined)
    ) {
      throw invalid(
        `The invoice is ${before.status}: only drafts can be changed so.`,
        "invoice_not_editable",
      );
    }
    const advance =
      input.auto_advance ?? (input.automatically_finalizes_at !== undefined || before.auto_advance === true);
    const method = input.default_payment_method;
    const after: Invoice = {
      ...before,
      auto_advance: advance,
      automatically_finalizes_at: draft
        ? finalizesAt(books, advance, input.automatically_finalizes_at, before.automatically_finalizes_at)
        : null,
      default_payment_method: method
        ? methodFor(books, method, before.customer ?? "", "default_payment_method").id
        : before.default_payment_method,
      description: input.description === undefined ? before.description : input.description,
      footer: input.footer === undefined ? before.footer : input.footer,
      metadata: patched(before.metadata ?? {}, input.metadata),
      statement_descriptor:
        input.statement_descriptor === undefined ? before.statement_descriptor : input.statement_descriptor,
    };
    return change(books, "invoice", before, after, "invoice.updated");
  }),
  route("GET", "/v1/invoices/{id}/lines", { ...paging }, ({ books, input, id, path }) =>
    pageInside(books, path, input, get(books, "invoice", id).lines.data),
  ),
  route("POST", "/v1/invoices/{id}/finalize", finalizeTable, ({ books, input, id }) => {
    const draft = get(books, "invoice", id);
    const advance = input.auto_advance ?? draft.auto_advance === true;
    const asked = { ...draft, auto_advance: advance };
    return advance ? finalizeAndCollect(books, asked) : finalize(books, asked);
  }),
  route("POST", "/v1/invoices/{id}/pay", payTable, ({ books, input, id }) =>
    pay(books, get(books, "invoice", id), input.payment_method, input.paid_out_of_band === true),
  ),
  route("POST", "/v1/invoices/{id}/void", { expand }, ({ books, id }) => {
    const invoice = get(books, "invoice", id);
    if (invoice.status !== "open" && invoice.status !== "uncollectible") {
      throw invalid(
        `This invoice is ${invoice.status}: only open ones can be voided.`,
        "status_transition_invalid",
      );
    }
    const voided = save(books, "invoice", {
      ...invoice,
      status: "void",
      auto_advance: false,
      next_payment_attempt: null,
      amount_remaining: invoice.amount_due,
      status_transitions: { ...invoice.status_transitions, voided_at: books.now },
    });
    note(books, "invoice.voided", voided);
    return voided;
  }),
];
