import { newId } from "../ids.ts";
import type { EventDestination } from "../wire.ts";

export interface DestinationFields {
  now: number;
  name: string;
  description: string;
  events: string[];
  payload: "snapshot" | "thin";
  snapshotVersion: string | undefined;
  metadata: Record<string, string>;
}

/** An enabled webhook destination; its address and secret are kept apart and shown only when they are asked for. */
export function buildEventDestination(fields: DestinationFields): EventDestination {
  const at = new Date(fields.now * 1000).toISOString();
  return {
    id: newId("ed_test", 24),
    object: "v2.core.event_destination",
    created: at,
    description: fields.description,
    enabled_events: fields.events,
    event_payload: fields.payload,
    events_from: ["@self"],
    livemode: false,
    metadata: fields.metadata,
    name: fields.name,
    ...(fields.snapshotVersion === undefined ? {} : { snapshot_api_version: fields.snapshotVersion }),
    status: "enabled",
    type: "webhook_endpoint",
    updated: at,
    webhook_endpoint: {},
  };
}
