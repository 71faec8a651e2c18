import type Stripe from "stripe";
import { get } from "../books.ts";
import { among, pageOfV2, type Range, within } from "../lists.ts";
import { count, list, parameters, range, text } from "../parameters.ts";
import { route } from "../routes.ts";

const listTable = parameters<Stripe.V2.Core.EventListParams>()({
  created: range,
  limit: count,
  object_id: text,
  types: list(text),
});

function filtersOf({
  created,
  object_id,
  types = [],
}: Pick<Stripe.V2.Core.EventListParams, "object_id" | "types"> & { created?: Range }) {
  const range = typeof created === "number" ? { "": created } : (created ?? {});
  return {
    object_id,
    ...Object.fromEntries(types.map((type, index) => [`types[${index}]`, type])),
    ...Object.fromEntries(
      Object.entries(range).map(([bound, at]) => [bound === "" ? "created" : `created[${bound}]`, at]),
    ),
  };
}

/** Thin events, newest first. */
export const coreEvents = [
  route("GET", "/v2/core/events", listTable, ({ books, input, path, page }) => {
    const where = [...within("created", input.created), ...among("body ->> '$.type'", input.types)];
    const equal = { "$.related_object.id": input.object_id };
    const paging = { limit: input.limit, page };
    return pageOfV2(books, "v2.core.event", path, paging, { equal, where }, filtersOf(input));
  }),
  route("GET", "/v2/core/events/{id}", {}, ({ books, id }) => get(books, "v2.core.event", id)),
];
