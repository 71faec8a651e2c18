import type { Outputs } from "../organization.tsx";

export type ApiKey = Outputs["apiKeys"]["list"]["apiKeys"][number];
export type Scope = ApiKey["scopes"][number];
export type Webhook = Outputs["webhooks"]["list"]["webhooks"][number];
export type EventName = Webhook["events"][number];
export type Delivery = Outputs["webhooks"]["deliveries"]["deliveries"][number];
