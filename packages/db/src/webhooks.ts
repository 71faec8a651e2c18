import { type Selectable, sql, type Updateable } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type WebhookRow = Selectable<DB["webhook_endpoint"]>;

/** An endpoint as it begins; its secret is encrypted. */
export interface NewWebhook {
  id: string;
  url: string;
  description: string;
  events: readonly string[];
  secret: Buffer;
  createdBy: string | null;
  at: Date;
}

export async function insertWebhook(
  tx: Tx,
  organizationId: string,
  webhook: NewWebhook,
): Promise<WebhookRow> {
  return tx
    .insertInto("webhook_endpoint")
    .values({
      organization_id: organizationId,
      id: webhook.id,
      url: webhook.url,
      description: webhook.description,
      events: [...webhook.events],
      secret: webhook.secret,
      created_by: webhook.createdBy,
      created_at: webhook.at,
      updated_at: webhook.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function countWebhooks(tx: Tx, organizationId: string): Promise<number> {
  const { count } = await tx
    .selectFrom("webhook_endpoint")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organization_id", "=", organizationId)
    .executeTakeFirstOrThrow();
  return count;
}

export async function findWebhook(
  tx: Tx,
  organizationId: string,
  webhookId: string,
): Promise<WebhookRow | null> {
  const row = await tx
    .selectFrom("webhook_endpoint")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", webhookId)
    .executeTakeFirst();
  return row ?? null;
}

/** Oldest first, after an id. */
export async function listWebhooks(
  tx: Tx,
  organizationId: string,
  page: { after: string | null; limit: number },
): Promise<WebhookRow[]> {
  return tx
    .selectFrom("webhook_endpoint")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .$if(page.after !== null, (query) => query.where("id", ">", page.after))
    .orderBy("id")
    .limit(page.limit)
    .execute();
}

/** The endpoint's fields after the change. */
export async function updateWebhook(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  changes: Updateable<DB["webhook_endpoint"]>,
): Promise<WebhookRow> {
  return tx
    .updateTable("webhook_endpoint")
    .set(changes)
    .where("organization_id", "=", organizationId)
    .where("id", "=", webhookId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Puts a new, encrypted secret before the old one, which signs too for some more hours of real time. */
export async function rotateSecret(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  { secret, hours, at }: { secret: Buffer; hours: number; at: Date },
): Promise<WebhookRow> {
  return tx
    .updateTable("webhook_endpoint")
    .set({
      previous_secret: sql.ref("secret"),
      previous_secret_until: sql<Date>`clock_timestamp() + ${hours}::integer * interval '1 hour'`,
      secret,
      updated_at: at,
    })
    .where("organization_id", "=", organizationId)
    .where("id", "=", webhookId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Its deliveries and their attempts go with it. */
export async function deleteWebhook(tx: Tx, organizationId: string, webhookId: string): Promise<void> {
  await tx
    .deleteFrom("webhook_endpoint")
    .where("organization_id", "=", organizationId)
    .where("id", "=", webhookId)
    .execute();
}
