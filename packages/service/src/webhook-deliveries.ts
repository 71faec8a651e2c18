import { type Tx, withOrganization } from "@headroom/db/tenancy";
import {
  type DeliveriesOf,
  type DeliveryRow,
  findDelivery,
  listAttempts,
  listDeliveries,
  renewDelivery,
} from "@headroom/db/webhook-deliveries";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { invalidField } from "@headroom/domain/validation";
import type { DeliveryStatus } from "@headroom/domain/webhooks";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readSequenceCursor } from "./cursors.ts";
import { toDeliveryView, type WebhookDeliveryView } from "./webhook-views.ts";
import { requireWebhook } from "./webhooks.ts";

/** A delivery that was asked for again and again shows its latest attempts only. */
const mostAttemptsShown = 20;

/** What was sent to an endpoint, newest first, for as long as it is kept. @throws DomainError resource_not_found */
export async function listWebhookDeliveries(
  context: ServiceContext,
  { organizationId }: Access,
  input: PageInput & { webhookId: string; status?: DeliveryStatus | undefined },
): Promise<{ deliveries: WebhookDeliveryView[]; nextCursor: string | null }> {
  const before = readSequenceCursor("deliveries", input.cursor);
  return withOrganization(context.db, organizationId, async (tx) => {
    const { id: webhookId } = await requireWebhook(tx, organizationId, input.webhookId);
    const of = { organizationId, webhookId };
    const status = input.status ?? null;
    const rows = await listDeliveries(tx, of, { status, before, limit: input.limit + 1 });
    const { items, nextCursor } = nextPage("deliveries", rows, input.limit, (row) => String(row.seq));
    return { deliveries: await withAttempts(tx, of, items), nextCursor };
  });
}

/**
 * Sends an event to an endpoint again: the same id and the same bytes, with all its retries before it. One that is
 * waiting for its next attempt is tried at once.
 * @throws DomainError resource_not_found
 */
export async function redeliverWebhook(
  context: ServiceContext,
  access: Access,
  input: { webhookId: string; eventId: string },
): Promise<WebhookDeliveryView> {
  return withLockedOrganization(context, access, async (tx, organization) => {
    const { id: webhookId } = await requireWebhook(tx, organization.id, input.webhookId);
    const of = { organizationId: organization.id, webhookId };
    const { seq } = await requireDelivery(tx, of, input.eventId);
    await renewDelivery(tx, of, seq);
    return viewOf(tx, of, await requireDelivery(tx, of, input.eventId));
  });
}

/**
 * Sends a `webhook.test` message to one endpoint, as an event of its own, whichever events the endpoint asked for.
 * @throws DomainError resource_not_found, validation_failed when it is disabled
 */
export async function testWebhook(
  context: ServiceContext,
  access: Access,
  input: { webhookId: string },
): Promise<WebhookDeliveryView> {
  return withLockedOrganization(context, access, async (tx, organization) => {
    const { id: webhookId, status } = await requireWebhook(tx, organization.id, input.webhookId);
    if (status !== "enabled") {
      throw invalidField("webhookId", "is disabled: enable it first");
    }
    await recordChange(tx, {
      organizationId: organization.id,
      actor: access.actor,
      events: [{ name: "webhook.test", payload: { webhookId: encodeId("whk", webhookId) } }],
    });
    const of = { organizationId: organization.id, webhookId };
    const [latest] = await listDeliveries(tx, of, { status: "pending", before: null, limit: 1 });
    if (latest === undefined) {
      throw new Error("a test that was just written down is not there");
    }
    return viewOf(tx, of, latest);
  });
}

async function requireDelivery(tx: Tx, of: DeliveriesOf, eventId: string): Promise<DeliveryRow> {
  const row = await findDelivery(tx, of, eventId);
  if (row === null) {
    throw new DomainError("resource_not_found", "The webhook has no such delivery.");
  }
  return row;
}

async function withAttempts(
  tx: Tx,
  of: DeliveriesOf,
  rows: readonly DeliveryRow[],
): Promise<WebhookDeliveryView[]> {
  const seqs = rows.map((row) => row.seq);
  const attempts = await listAttempts(tx, of, seqs, mostAttemptsShown);
  return rows.map((row) => toDeliveryView(row, attempts));
}

async function viewOf(tx: Tx, of: DeliveriesOf, row: DeliveryRow): Promise<WebhookDeliveryView> {
  return toDeliveryView(row, await listAttempts(tx, of, [row.seq], mostAttemptsShown));
}
