import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { type Books, get, save } from "../books.ts";
import { httpUrl } from "../failures.ts";
import { letters } from "../ids.ts";
import { pageOf } from "../lists.ts";
import { buildWebhookEndpoint } from "../objects/webhook-endpoint.ts";
import {
  clearable,
  expand,
  flag,
  list,
  metadata,
  only,
  onlyDisabled,
  paging,
  parameters,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import { apiVersion } from "../version.ts";

const createTable = parameters<Stripe.WebhookEndpointCreateParams>()({
  enabled_events: required(list(text)),
  url: required(text),
  api_version: only(apiVersion),
  connect: onlyDisabled,
  description: clearable(text),
  expand,
  metadata,
});
const updateTable = parameters<Stripe.WebhookEndpointUpdateParams>()({
  description: clearable(text),
  disabled: flag,
  enabled_events: list(text),
  expand,
  metadata,
  url: text,
});
const listTable = parameters<Stripe.WebhookEndpointListParams>()({ ...paging });

/** An endpoint with its signing secret; the secret is part of this answer only. */
function addEndpoint(
  books: Books,
  fields: { url: string; events: string[]; description: string | null; metadata: Record<string, string> },
): object {
  const endpoint = buildWebhookEndpoint({ now: books.now, ...fields });
  const secret = `whsec_${letters(32)}`;
  save(books, "webhook_endpoint", endpoint, { secret });
  return { ...endpoint, secret };
}

export const webhookEndpoints = [
  route("POST", "/v1/webhook_endpoints", createTable, ({ books, input }) =>
    addEndpoint(books, {
      url: httpUrl(input.url, "url"),
      events: input.enabled_events,
      description: input.description ?? null,
      metadata: patched({}, input.metadata),
    }),
  ),
  route("GET", "/v1/webhook_endpoints", listTable, ({ books, input, path }) =>
    pageOf(books, "webhook_endpoint", path, input, { equal: {} }),
  ),
  route("GET", "/v1/webhook_endpoints/{id}", { expand }, ({ books, id }) =>
    get(books, "webhook_endpoint", id),
  ),
  route("POST", "/v1/webhook_endpoints/{id}", updateTable, ({ books, input, id }) => {
    const endpoint = get(books, "webhook_endpoint", id);
    const status = input.disabled === undefined ? endpoint.status : input.disabled ? "disabled" : "enabled";
    return save(books, "webhook_endpoint", {
      ...endpoint,
      description: input.description === undefined ? endpoint.description : input.description,
      enabled_events: input.enabled_events ?? endpoint.enabled_events,
      metadata: patched(endpoint.metadata, input.metadata),
      status,
      url: input.url === undefined ? endpoint.url : httpUrl(input.url, "url"),
    });
  }),
  route("DELETE", "/v1/webhook_endpoints/{id}", {}, ({ books, id }) => {
    get(books, "webhook_endpoint", id);
    books.store.remove(id);
    books.queue.abandon(id);
    return { id, object: "webhook_endpoint", deleted: true };
  }),
];
