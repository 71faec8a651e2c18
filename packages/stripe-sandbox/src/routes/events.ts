import type Stripe from "stripe";
import { get } from "../books.ts";
import { invalid, missing } from "../failures.ts";
import { among, pageOf, within } from "../lists.ts";
import { expand, flag, list, paging, parameters, range, text } from "../parameters.ts";
import { route } from "../routes.ts";
import type { PageQuery } from "../store.ts";

const listTable = parameters<Stripe.EventListParams>()({
  ...paging,
  created: range,
  delivery_success: flag,
  type: text,
  types: list(text),
});

/** Events can be listed and read for 30 days (the package's Events.d.ts). */
const reach = 30 * 86_400;

const undelivered = `exists (select 1 from delivery
  where delivery.event_id = object.id and delivery.copy = 0 and delivery.state <> 'delivered')`;

function typeFilter(type: string | undefined): NonNullable<PageQuery["where"]> {
  if (type === undefined) return [];
  if (type.endsWith(".*")) return [{ sql: "body ->> '$.type' glob ?", values: [type] }];
  return [{ sql: "body ->> '$.type' = ?", values: [type] }];
}

export const events = [
  route("GET", "/v1/events", listTable, ({ books, input, path }) => {
    if (input.type !== undefined && input.types !== undefined) {
      throw invalid("Pass only one of type and types.", "parameters_exclusive", "types");
    }
    const delivery =
      input.delivery_success === undefined
        ? []
        : [{ sql: input.delivery_success ? `not ${undelivered}` : undelivered, values: [] }];
    return pageOf(books, "event", path, input, {
      equal: {},
      where: [
        ...within("created", { gt: books.now - reach }),
        ...within("created", input.created),
        ...typeFilter(input.type),
        ...among("body ->> '$.type'", input.types),
        ...delivery,
      ],
    });
  }),
  route("GET", "/v1/events/{id}", { expand }, ({ books, id }) => {
    const event = get(books, "event", id);
    if (event.created <= books.now - reach) throw missing("event", id);
    return event;
  }),
];
