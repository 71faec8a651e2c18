import type Stripe from "stripe";
import {
  choice,
  clearable,
  count,
  currency,
  expand,
  flag,
  ignored,
  integer,
  metadata,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { automaticTax, discounts, taxRateIds } from "./terms-parameters.ts";

const collectionMethod = choice("charge_automatically", "send_invoice");

const shared = {
  account_tax_ids: refused,
  application_fee_amount: refused,
  auto_advance: flag,
  automatic_tax: automaticTax,
  automatically_finalizes_at: integer,
  collection_method: collectionMethod,
  custom_fields: refused,
  days_until_due: count,
  default_payment_method: text,
  default_source: refused,
  default_tax_rates: taxRateIds,
  description: clearable(text),
  discounts,
  due_date: integer,
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
export const createTable = parameters<Stripe.InvoiceCreateParams>()({
  ...shared,
  currency,
  customer: required(text),
  customer_account: refused,
  from_invoice: refused,
  pending_invoice_items_behavior: choice("include", "exclude"),
  subscription: text,
});
export const updateTable = parameters<Stripe.InvoiceUpdateParams>()(shared);
export const listTable = parameters<Stripe.InvoiceListParams>()({
  ...paging,
  collection_method: collectionMethod,
  created: range,
  customer: text,
  customer_account: refused,
  due_date: refused,
  status: choice("draft", "open", "paid", "uncollectible", "void"),
  subscription: text,
});
export const finalizeTable = parameters<Stripe.InvoiceFinalizeInvoiceParams>()({
  auto_advance: flag,
  expand,
});
export const payTable = parameters<Stripe.InvoicePayParams>()({
  expand,
  forgive: refused,
  mandate: refused,
  off_session: ignored,
  paid_out_of_band: flag,
  payment_method: text,
  source: refused,
});
export const markTable = parameters<Stripe.InvoiceMarkUncollectibleParams>()({ expand });
export const sendTable = parameters<Stripe.InvoiceSendInvoiceParams>()({ expand });
