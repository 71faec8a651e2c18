import type { Books } from "./books.ts";
import { invalid } from "./failures.ts";
import { lineItemsOf } from "./objects/checkout-lines.ts";
import { rendered } from "./views.ts";
import type { CheckoutSession, Customer } from "./wire.ts";

type Json = Record<string, unknown>;
const maxDepth = 4;

/** Fields that an object shows only when they are asked for. */
const includable: Record<string, Record<string, (books: Books, object: Json) => unknown>> = {
  "checkout.session": {
    line_items: (books, session) => lineItemsOf(books, session as unknown as CheckoutSession),
  },
  customer: {
    subscriptions: (books, customer) => subscriptionsOf(books, customer as unknown as Customer),
  },
};

/** The answer with every path of `expand[]` replaced by its object. 400 for a path that is none or too deep. */
export function expanded(books: Books, answer: object, paths: string[]): object {
  if (paths.length === 0) return answer;
  const copy = structuredClone(answer) as Json;
  for (const path of paths) {
    const parts = path.split(".");
    if (parts.length > maxDepth) {
      throw invalid(
        `You cannot expand more than ${maxDepth} levels of a property: ${path}`,
        undefined,
        "expand",
      );
    }
    follow(books, copy, parts, path);
  }
  return copy;
}

function follow(books: Books, node: Json, parts: string[], path: string): void {
  const [field = "", ...rest] = parts;
  const make = includable[String(node.object)]?.[field];
  if (make && node[field] === undefined) node[field] = make(books, node);
  if (!Object.hasOwn(node, field)) throw notExpandable(path);
  const value = node[field];
  if (value === null) return;
  if (Array.isArray(value)) {
    node[field] = value.map((item) => step(books, item, rest, path));
    return;
  }
  node[field] = step(books, value, rest, path);
}

/** One value on the path: an id becomes its object, an object is walked on into. */
function step(books: Books, value: unknown, rest: string[], path: string): unknown {
  const object = typeof value === "string" ? fetched(books, value, path) : value;
  if (typeof object !== "object" || object === null) throw notExpandable(path);
  if (rest.length > 0) follow(books, object as Json, rest, path);
  return object;
}

function fetched(books: Books, id: string, path: string): object {
  const found = books.store.findAny(id);
  if (!found) throw notExpandable(path);
  if (found.removed) return { id, object: found.kind, deleted: true };
  return structuredClone(rendered(books, found.body));
}

function notExpandable(path: string): Error {
  return invalid(`This property cannot be expanded (${path}).`, undefined, "expand");
}

function subscriptionsOf(books: Books, customer: Customer): object {
  const live = books.store
    .where("subscription", "$.customer", customer.id)
    .filter(({ status }) => status !== "canceled" && status !== "incomplete_expired")
    .map((subscription) => rendered(books, subscription));
  const url = `/v1/customers/${customer.id}/subscriptions`;
  return { object: "list", data: live.reverse(), has_more: false, url };
}
