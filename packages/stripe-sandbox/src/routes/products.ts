import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { change, create, get, note } from "../books.ts";
import { invalid } from "../failures.ts";
import { among, pageOf, within } from "../lists.ts";
import { buildProduct } from "../objects/product.ts";
import {
  clearable,
  expand,
  flag,
  list,
  metadata,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";

const createTable = parameters<Stripe.ProductCreateParams>()({
  name: required(text),
  active: flag,
  default_price_data: refused,
  description: text,
  expand,
  id: text,
  images: list(text),
  marketing_features: refused,
  metadata,
  package_dimensions: refused,
  shippable: refused,
  statement_descriptor: text,
  tax_code: refused,
  tax_details: refused,
  type: refused,
  unit_label: text,
  url: text,
});
const updateTable = parameters<Stripe.ProductUpdateParams>()({
  active: flag,
  default_price: text,
  description: clearable(text),
  expand,
  images: list(text),
  marketing_features: refused,
  metadata,
  name: text,
  package_dimensions: refused,
  shippable: refused,
  statement_descriptor: text,
  tax_code: refused,
  tax_details: refused,
  unit_label: clearable(text),
  url: clearable(text),
});
const listTable = parameters<Stripe.ProductListParams>()({
  ...paging,
  active: flag,
  created: range,
  ids: list(text),
  shippable: refused,
  type: refused,
  url: text,
});

export const products = [
  route("POST", "/v1/products", createTable, ({ books, input }) => {
    if (input.id && books.store.findAny(input.id)) {
      throw invalid(`Product already exists: ${input.id}`, "resource_already_exists", "id");
    }
    const product = buildProduct({
      now: books.now,
      id: input.id,
      name: input.name,
      active: input.active ?? true,
      description: input.description ?? null,
      images: input.images ?? [],
      metadata: patched({}, input.metadata),
      unitLabel: input.unit_label ?? null,
      url: input.url ?? null,
      statementDescriptor: input.statement_descriptor ?? null,
    });
    return create(books, "product", product, "product.created");
  }),
  route("GET", "/v1/products", listTable, ({ books, input, path }) =>
    pageOf(books, "product", path, input, {
      equal: { "$.active": input.active, "$.url": input.url },
      where: [...within("created", input.created), ...among("id", input.ids)],
    }),
  ),
  route("GET", "/v1/products/{id}", { expand }, ({ books, id }) => get(books, "product", id)),
  route("POST", "/v1/products/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "product", id);
    if (input.default_price) get(books, "price", input.default_price, "default_price");
    const { expand: _, metadata: patch, ...fields } = input;
    const kept = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    const merged = { ...before, ...kept, metadata: patched(before.metadata, patch) };
    const changed = JSON.stringify(merged) !== JSON.stringify(before);
    return change(
      books,
      "product",
      before,
      changed ? { ...merged, updated: books.now } : before,
      "product.updated",
    );
  }),
  route("DELETE", "/v1/products/{id}", {}, ({ books, id }) => {
    const product = get(books, "product", id);
    if (books.store.where("price", "$.product", id).length > 0) {
      throw invalid("This product cannot be deleted because it has prices; archive it instead.");
    }
    note(books, "product.deleted", product);
    books.store.remove(id);
    return { id, object: "product", deleted: true };
  }),
];
