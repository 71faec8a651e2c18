import type { EventName } from "@headroom/domain/events";
import type { Access } from "../access.ts";
import type { ServiceContext } from "../context.ts";
import { listWebhookDeliveries, testWebhook } from "../webhook-deliveries.ts";
import { createWebhookCourier, type WebhookCourier } from "../webhook-delivery.ts";
import type { WebhookDeliveryView } from "../webhook-views.ts";
import { createWebhook } from "../webhooks.ts";
import { accessTo, createWorld, rawId, type World } from "./world.ts";

export interface Endpoint {
  access: Access;
  webhookId: string;
  secret: string;
  /** Writes down `count` test messages for it, one after the other. */
  send(count?: number): Promise<WebhookDeliveryView[]>;
  /** Newest first. */
  deliveries(): Promise<WebhookDeliveryView[]>;
}

/** A world with couriers as the worker has them, and endpoints with nothing waiting for them. */
export interface WebhookBench {
  world: World;
  /** The worker's context: its own database role, receivers have half a second. */
  worker: ServiceContext;
  /** The same, but receivers have 20 seconds. */
  patient: ServiceContext;
  courier: WebhookCourier;
  endpoint(url: string, within?: Access, events?: EventName[]): Promise<Endpoint>;
  /** Sends until nothing is due. */
  run(courier?: WebhookCourier): Promise<void>;
  /** Lets every waiting delivery be due. */
  skipPauses(): Promise<void>;
  admin(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openWebhookBench(): Promise<WebhookBench> {
  const world = await createWorld();
  const db = await world.scratch.connect("hr_worker");
  const allowing = (timeoutMs: number): ServiceContext => ({
    ...world.context,
    db,
    webhooks: {
      secrets: world.context.webhooks?.secrets ?? null,
      outbound: { allowHttp: true, allowInternal: true },
      timeoutMs,
    },
  });
  const worker = allowing(500);
  const courier = createWebhookCourier(worker);
  const admin = async (statement: string, values: unknown[] = []) =>
    (await world.scratch.admin.query(statement, values)).rows;
  const isDue = async () =>
    (
      await admin(`select from headroom.webhook_delivery d
        join headroom.webhook_endpoint e on (e.organization_id, e.id) = (d.organization_id, d.endpoint_id)
        where d.status = 'pending' and d.next_attempt_at <= clock_timestamp() and e.status = 'enabled'
          and (e.lease is null or e.leased_until <= clock_timestamp())`)
    ).length > 0;
  return {
    world,
    worker,
    patient: allowing(20_000),
    courier,
    admin,
    async endpoint(url, within, events = ["webhook.test"]) {
      const access = within ?? (await found(world));
      const created = await createWebhook(world.context, access, { url, events });
      const webhookId = rawId(created);
      return {
        access,
        webhookId,
        secret: created.secret ?? "",
        async send(count = 1) {
          const sent: WebhookDeliveryView[] = [];
          while (sent.length < count) {
            sent.push(await testWebhook(world.context, access, { webhookId }));
          }
          return sent;
        },
        deliveries: async () =>
          (await listWebhookDeliveries(world.context, access, { webhookId, limit: 200 })).deliveries,
      };
    },
    async run(other = courier) {
      while (await isDue()) {
        await other.round();
        await other.settle();
      }
    },
    skipPauses: async () => {
      await admin(
        "update headroom.webhook_delivery set next_attempt_at = clock_timestamp() where status = 'pending'",
      );
    },
    close: async () => {
      await courier.stop();
      await world.close();
    },
  };
}

/** May manage the webhooks of an organization of its own. */
async function found(world: World): Promise<Access> {
  const owner = await world.person();
  return accessTo(world.context, owner, await world.organization(owner), "webhooks.manage");
}
