import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { type Books, get, save } from "../books.ts";
import { httpUrl, invalid } from "../failures.ts";
import { letters } from "../ids.ts";
import { pageOfV2 } from "../lists.ts";
import { buildEventDestination } from "../objects/event-destination.ts";
import {
  choice,
  clearable,
  count,
  except,
  list,
  metadata,
  object,
  only,
  parameters,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import { keepThin } from "../thin-events.ts";
import { apiVersion } from "../version.ts";
import type { EventDestination } from "../wire.ts";

const [address, secret] = ["webhook_endpoint.url", "webhook_endpoint.signing_secret"] as const;
const include = list(choice(address));

const createTable = parameters<Stripe.V2.Core.EventDestinationCreateParams>()({
  amazon_eventbridge: refused,
  azure_event_grid: refused,
  description: clearable(text),
  enabled_events: required(list(text)),
  event_payload: required(choice("snapshot", "thin")),
  events_from: list(only("@self")),
  include: list(choice(secret, address)),
  metadata,
  name: required(text),
  snapshot_api_version: only(apiVersion),
  type: required(except(choice("webhook_endpoint"), "amazon_eventbridge", "azure_event_grid")),
  webhook_endpoint: object({ url: required(text) }),
});
const updateTable = parameters<Stripe.V2.Core.EventDestinationUpdateParams>()({
  description: clearable(text),
  enabled_events: list(text),
  include,
  metadata,
  name: text,
  webhook_endpoint: object({ url: required(text) }),
});
const listTable = parameters<Stripe.V2.Core.EventDestinationListParams>()({ include, limit: count });
const retrieveTable = parameters<Stripe.V2.Core.EventDestinationRetrieveParams>()({ include });

interface Kept extends Record<string, unknown> {
  url: string;
  secret: string;
}

/** The destination with what of its address was asked for. */
function shown(books: Books, destination: EventDestination, asked: readonly string[] = []): EventDestination {
  const kept = books.store.detail<Kept>(destination.id);
  return {
    ...destination,
    webhook_endpoint: {
      ...(kept && asked.includes(secret) ? { signing_secret: kept.secret } : {}),
      ...(kept && asked.includes(address) ? { url: kept.url } : {}),
    },
  };
}

function found(books: Books, id: string): EventDestination {
  return get(books, "v2.core.event_destination", id);
}

function changed(
  books: Books,
  before: EventDestination,
  change: Partial<EventDestination>,
): EventDestination {
  const updated = new Date(books.now * 1000).toISOString();
  return save(books, "v2.core.event_destination", { ...before, ...change, updated });
}

function turned(books: Books, id: string, status: "enabled" | "disabled"): EventDestination {
  const { status_details: _, ...before } = found(books, id);
  const details = status === "disabled" ? { status_details: { disabled: { reason: "user" } } } : {};
  return changed(books, before, { status, ...details });
}

export const eventDestinations = [
  route("POST", "/v2/core/event_destinations", createTable, ({ books, input }) => {
    if (!input.webhook_endpoint) {
      throw invalid("Missing required param: webhook_endpoint.", "parameter_missing", "webhook_endpoint");
    }
    const isThin = input.event_payload === "thin";
    if (isThin && input.snapshot_api_version !== undefined) {
      throw invalid("Thin events have no API version.", undefined, "snapshot_api_version");
    }
    const destination = buildEventDestination({
      now: books.now,
      name: input.name,
      description: input.description ?? "",
      events: input.enabled_events,
      payload: input.event_payload,
      snapshotVersion: isThin ? undefined : apiVersion,
      metadata: patched({}, input.metadata),
    });
    const kept: Kept = {
      url: httpUrl(input.webhook_endpoint.url, "webhook_endpoint[url]"),
      secret: `whsec_${letters(32)}`,
    };
    save(books, "v2.core.event_destination", destination, kept);
    return shown(books, destination, input.include);
  }),
  route("GET", "/v2/core/event_destinations", listTable, ({ books, input, path, page }) => {
    const view = pageOfV2(books, "v2.core.event_destination", path, { ...input, page }, { equal: {} });
    return { ...view, data: view.data.map((one) => shown(books, one, input.include)) };
  }),
  route("GET", "/v2/core/event_destinations/{id}", retrieveTable, ({ books, input, id }) =>
    shown(books, found(books, id), input.include),
  ),
  route("POST", "/v2/core/event_destinations/{id}", updateTable, ({ books, input, id }) => {
    const before = found(books, id);
    const kept = books.store.detail<Kept>(id);
    const url = input.webhook_endpoint?.url;
    if (url !== undefined) {
      books.store.putDetail(id, { ...kept, url: httpUrl(url, "webhook_endpoint[url]") });
    }
    const after = changed(books, before, {
      description: input.description === undefined ? before.description : (input.description ?? ""),
      enabled_events: input.enabled_events ?? before.enabled_events,
      metadata: patched(before.metadata ?? {}, input.metadata),
      name: input.name ?? before.name,
    });
    return shown(books, after, input.include);
  }),
  route("DELETE", "/v2/core/event_destinations/{id}", {}, ({ books, id }) => {
    found(books, id);
    books.store.remove(id);
    books.queue.abandon(id);
    return { id, object: "v2.core.event_destination" };
  }),
  route("POST", "/v2/core/event_destinations/{id}/enable", {}, ({ books, id }) =>
    shown(books, turned(books, id, "enabled")),
  ),
  route("POST", "/v2/core/event_destinations/{id}/disable", {}, ({ books, id }) =>
    shown(books, turned(books, id, "disabled")),
  ),
  route("POST", "/v2/core/event_destinations/{id}/ping", {}, ({ books, id }) =>
    keepThin(books, { type: "v2.core.event_destination.ping", related: found(books, id) }, id),
  ),
];
