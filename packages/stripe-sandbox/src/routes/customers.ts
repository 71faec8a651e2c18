import type Stripe from "stripe";
import { end } from "../billing/cancellation.ts";
import { patched } from "../billing/items.ts";
import { methodFor } from "../billing/payment-methods.ts";
import { cancelled } from "../billing/schedule-endings.ts";
import { type Books, change, create, get, note, save } from "../books.ts";
import { pageOf, within } from "../lists.ts";
import { buildCustomer } from "../objects/customer.ts";
import {
  around,
  clearable,
  expand,
  ignored,
  integer,
  list,
  metadata,
  object,
  paging,
  parameters,
  type Reader,
  range,
  refused,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { Customer, Invoice } from "../wire.ts";

const addressParts = object(
  parameters<Stripe.AddressParam>()({
    city: clearable(text),
    country: clearable(text),
    line1: clearable(text),
    line2: clearable(text),
    postal_code: clearable(text),
    state: clearable(text),
  }),
);

/** An address has all its parts, the ones not given as null. */
const address: Reader<NonNullable<Customer["address"]> | null | undefined> = clearable(
  around(addressParts, (raw, at) => {
    const given = addressParts(raw, at);
    if (given === undefined) return undefined;
    const {
      city = null,
      country = null,
      line1 = null,
      line2 = null,
      postal_code = null,
      state = null,
    } = given;
    return { city, country, line1, line2, postal_code, state };
  }),
);

const settings = object({
  custom_fields: refused,
  default_payment_method: clearable(text),
  footer: clearable(text),
  rendering_options: refused,
});

const shared = {
  address,
  balance: integer,
  business_name: refused,
  cash_balance: refused,
  description: clearable(text),
  email: clearable(text),
  expand,
  individual_name: refused,
  invoice_prefix: text,
  invoice_settings: settings,
  metadata,
  name: clearable(text),
  next_invoice_sequence: integer,
  phone: clearable(text),
  preferred_locales: list(text),
  shipping: refused,
  source: refused,
  tax: refused,
  tax_exempt: refused,
  validate: ignored,
};

const createTable = parameters<Stripe.CustomerCreateParams>()({
  ...shared,
  payment_method: text,
  tax_id_data: refused,
  test_clock: refused,
});
const updateTable = parameters<Stripe.CustomerUpdateParams>()({ ...shared, default_source: refused });
const listTable = parameters<Stripe.CustomerListParams>()({
  ...paging,
  created: range,
  email: text,
  test_clock: refused,
});

type Fields = {
  [Key in "address" | "description" | "email" | "name" | "phone" | "invoice_prefix" | "balance"]?: unknown;
} & { preferred_locales?: string[] | undefined; next_invoice_sequence?: number | undefined };

/** The plain fields that were given, as a patch of the object. */
function given(input: Fields): Partial<Customer> {
  const keys = [
    "address",
    "description",
    "email",
    "name",
    "phone",
    "invoice_prefix",
    "balance",
    "preferred_locales",
    "next_invoice_sequence",
  ] as const;
  const entries = keys.flatMap((key) => (input[key] === undefined ? [] : [[key, input[key]]]));
  return Object.fromEntries(entries) as Partial<Customer>;
}

function withDefault(books: Books, customer: Customer, method: string | null | undefined): Customer {
  if (method === undefined) return customer;
  const param = "invoice_settings[default_payment_method]";
  const id = method === null ? null : methodFor(books, method, customer.id, param).id;
  return { ...customer, invoice_settings: { ...customer.invoice_settings, default_payment_method: id } };
}

export const customers = [
  route("POST", "/v1/customers", createTable, ({ books, input }) => {
    const blank = buildCustomer({
      now: books.now,
      name: null,
      email: null,
      description: null,
      phone: null,
      metadata: patched({}, input.metadata),
      balance: 0,
    });
    const built = { ...blank, ...given(input) };
    save(books, "customer", built);
    if (input.payment_method) methodFor(books, input.payment_method, built.id, "payment_method");
    const customer = withDefault(books, built, input.invoice_settings?.default_payment_method);
    return create(books, "customer", customer, "customer.created");
  }),
  route("GET", "/v1/customers", listTable, ({ books, input, path }) =>
    pageOf(books, "customer", path, input, {
      equal: { "$.email": input.email },
      where: within("created", input.created),
    }),
  ),
  route("GET", "/v1/customers/{id}", { expand }, ({ books, id }) => {
    const found = books.store.findAny(id);
    if (found?.removed && found.kind === "customer") return { id, object: "customer", deleted: true };
    return get(books, "customer", id);
  }),
  route("POST", "/v1/customers/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "customer", id);
    const merged = { ...before, ...given(input), metadata: patched(before.metadata, input.metadata) };
    const after = withDefault(books, merged, input.invoice_settings?.default_payment_method);
    return change(books, "customer", before, after, "customer.updated");
  }),
  route("DELETE", "/v1/customers/{id}", {}, ({ books, id }) => {
    const customer = get(books, "customer", id);
    for (const subscription of books.store.where("subscription", "$.customer", id)) {
      const over = subscription.status === "canceled" || subscription.status === "incomplete_expired";
      if (!over) end(books, subscription, { reason: "cancellation_requested" });
    }
    for (const schedule of books.store.where("subscription_schedule", "$.customer", id)) {
      if (schedule.status === "not_started") cancelled(books, schedule, "subscription_schedule.canceled");
    }
    for (const invoice of books.store.where("invoice", "$.customer", id)) {
      if (invoice.status === "draft") stopAdvancing(books, invoice);
    }
    note(books, "customer.deleted", customer);
    books.store.remove(id);
    return { id, object: "customer", deleted: true };
  }),
];

/** A draft whose customer is gone stays one: nobody can be billed by it any more. */
function stopAdvancing(books: Books, invoice: Invoice): void {
  const stopped = { ...invoice, auto_advance: false, automatically_finalizes_at: null };
  change(books, "invoice", invoice, stopped, "invoice.updated");
}
