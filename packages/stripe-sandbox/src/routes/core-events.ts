import type Stripe from "stripe";
import { get } from "../books.ts";
import { among, pageOfV2, within } from "../lists.ts";
import { count, list, parameters, range, text } from "../parameters.ts";
import { route } from "../routes.ts";

const listTable = parameters<Stripe.V2.Core.EventListParams>()({
  created: range,
  limit: count,
  object_id: text,
  types: list(text),
});

/** Thin events, newest first. */
export const coreEvents = [
  route("GET", "/v2/core/events", listTable, ({ books, input, path, page }) => {
    const where = [...within("created", input.created), ...among("body ->> '$.type'", input.types)];
    const equal = { "$.related_object.id": input.object_id };
    return pageOfV2(books, "v2.core.event", path, { limit: input.limit, page }, { equal, where });
  }),
  route("GET", "/v2/core/events/{id}", {}, ({ books, id }) => get(books, "v2.core.event", id)),
];
