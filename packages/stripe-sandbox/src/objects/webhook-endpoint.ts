import { newId } from "../ids.ts";
import { apiVersion } from "../version.ts";
import type { WebhookEndpoint } from "../wire.ts";

export interface EndpointFields {
  id?: string;
  now: number;
  url: string;
  events: string[];
  description: string | null;
  metadata: Record<string, string>;
}

/** An enabled endpoint; its secret is kept apart and shown only when it is created. */
export function buildWebhookEndpoint(fields: EndpointFields): WebhookEndpoint {
  return {
    id: fields.id ?? newId("we"),
    object: "webhook_endpoint",
    api_version: apiVersion,
    application: null,
    created: fields.now,
    description: fields.description,
    enabled_events: fields.events,
    livemode: false,
    metadata: fields.metadata,
    status: "enabled",
    url: fields.url,
  };
}
