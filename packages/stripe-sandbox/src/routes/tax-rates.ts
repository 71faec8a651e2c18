import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { change, create, get } from "../books.ts";
import { pageOf, within } from "../lists.ts";
import { buildTaxRate } from "../objects/tax-rate.ts";
import {
  expand,
  flag,
  metadata,
  paging,
  parameters,
  percentage,
  range,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";

const shared = {
  active: flag,
  country: text,
  description: text,
  expand,
  jurisdiction: text,
  metadata,
  state: text,
  tax_type: text,
};
const createTable = parameters<Stripe.TaxRateCreateParams>()({
  ...shared,
  display_name: required(text),
  inclusive: required(flag),
  percentage: required(percentage("zero")),
});
const updateTable = parameters<Stripe.TaxRateUpdateParams>()({ ...shared, display_name: text });
const listTable = parameters<Stripe.TaxRateListParams>()({
  ...paging,
  active: flag,
  created: range,
  inclusive: flag,
});

export const taxRates = [
  route("POST", "/v1/tax_rates", createTable, ({ books, input }) => {
    const rate = buildTaxRate({
      now: books.now,
      displayName: input.display_name,
      percentage: input.percentage,
      inclusive: input.inclusive,
      active: input.active ?? true,
      country: input.country ?? null,
      state: input.state ?? null,
      jurisdiction: input.jurisdiction ?? null,
      description: input.description ?? null,
      taxType: input.tax_type ?? null,
      metadata: patched({}, input.metadata),
    });
    return create(books, "tax_rate", rate, "tax_rate.created");
  }),
  route("GET", "/v1/tax_rates", listTable, ({ books, input, path }) =>
    pageOf(books, "tax_rate", path, input, {
      equal: { "$.active": input.active, "$.inclusive": input.inclusive },
      where: within("created", input.created),
    }),
  ),
  route("GET", "/v1/tax_rates/{id}", { expand }, ({ books, id }) => get(books, "tax_rate", id)),
  route("POST", "/v1/tax_rates/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "tax_rate", id);
    const { expand: _, metadata: patch, ...fields } = input;
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    const after = { ...before, ...given, metadata: patched(before.metadata ?? {}, patch) };
    return change(books, "tax_rate", before, after, "tax_rate.updated");
  }),
];
