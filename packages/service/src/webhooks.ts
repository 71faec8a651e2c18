import { readClock } from "@headroom/db/clock";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import {
  countWebhooks,
  deleteWebhook as deleteWebhookRow,
  findWebhook,
  insertWebhook,
  listWebhooks as listWebhookRows,
  rotateSecret,
  updateWebhook as updateWebhookRow,
  type WebhookRow,
} from "@headroom/db/webhooks";
import { memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import type { EventName, RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import { invalidField } from "@headroom/domain/validation";
import { mostWebhooks, rotationHours, type WebhookStatus } from "@headroom/domain/webhooks";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";
import { findUrlFault } from "./outbound-addresses.ts";
import { createWebhookSecret, requireSecrets } from "./webhook-settings.ts";
import { type IssuedWebhook, toWebhookView, type WebhookView } from "./webhook-views.ts";

export interface NewWebhook {
  url: string;
  description?: string | undefined;
  /** Empty or absent: every event. */
  events?: readonly EventName[] | undefined;
}

/**
 * Adds an endpoint and tells its secret.
 * @throws DomainError validation_failed, idempotency_mismatch, unavailable without SECRETS_KEY
 */
export async function createWebhook(
  context: ServiceContext,
  access: Access,
  input: NewWebhook,
  { idempotencyKey = null }: Repeatable = {},
): Promise<IssuedWebhook> {
  requireSecrets(context.webhooks);
  const url = readUrl(context, input.url);
  const id = uuidv7();
  const call = { idempotencyKey, procedure: "webhooks.create", payload: input, resourceId: id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) => writeWebhook(context, tx, fresh, { ...input, url, id }),
    replay: async (tx, earlierId) => ({
      ...toWebhookView(await requireWebhook(tx, access.organizationId, earlierId)),
      secret: null,
    }),
  });
}

async function writeWebhook(
  context: ServiceContext,
  tx: Tx,
  access: Access,
  input: NewWebhook & { id: string },
): Promise<IssuedWebhook> {
  const { organizationId, actor } = access;
  if ((await countWebhooks(tx, organizationId)) >= mostWebhooks) {
    throw new DomainError("validation_failed", `An organization has at most ${mostWebhooks} webhooks.`, {
      issues: [{ path: "organizationId", message: `has ${mostWebhooks} webhooks already` }],
      limit: mostWebhooks,
    });
  }
  const { secret, sealed } = createWebhookSecret(requireSecrets(context.webhooks), organizationId, input.id);
  const row = await insertWebhook(tx, organizationId, {
    id: input.id,
    url: input.url,
    description: input.description ?? "",
    events: [...new Set(input.events ?? [])],
    secret: sealed,
    createdBy: memberBehind(actor),
    at: await readClock(tx),
  });
  await record(tx, access, row, "webhook.created");
  return { ...toWebhookView(row), secret };
}

/** Oldest first. Never a secret. */
export async function listWebhooks(
  context: ServiceContext,
  access: Access,
  input: PageInput,
): Promise<{ webhooks: WebhookView[]; nextCursor: string | null }> {
  const after = readIdCursor("webhooks", input.cursor);
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listWebhookRows(tx, access.organizationId, { after, limit: input.limit + 1 }),
  );
  const { items, nextCursor } = nextPage("webhooks", rows, input.limit, (row) => row.id);
  return { webhooks: items.map((row) => toWebhookView(row)), nextCursor };
}

/** @throws DomainError resource_not_found */
export async function getWebhook(
  context: ServiceContext,
  access: Access,
  input: { webhookId: string },
): Promise<WebhookView> {
  return withOrganization(context.db, access.organizationId, async (tx) =>
    toWebhookView(await requireWebhook(tx, access.organizationId, input.webhookId)),
  );
}

export interface WebhookChanges {
  webhookId: string;
  url?: string | undefined;
  description?: string | undefined;
  events?: readonly EventName[] | undefined;
  status?: WebhookStatus | undefined;
}

/**
 * Changes the given fields. A disabled endpoint gets no further event; what was waiting for it waits. One that is
 * enabled, or moved to another address, counts as never having failed.
 * @throws DomainError validation_failed, resource_not_found
 */
export async function updateWebhook(
  context: ServiceContext,
  access: Access,
  input: WebhookChanges,
): Promise<WebhookView> {
  const url = input.url === undefined ? undefined : readUrl(context, input.url);
  return withLockedOrganization(context, access, async (tx, organization) => {
    const row = await requireWebhook(tx, organization.id, input.webhookId);
    const wanted = {
      url: url ?? row.url,
      description: input.description ?? row.description,
      events: input.events === undefined ? row.events : [...new Set(input.events)],
      status: input.status ?? row.status,
    };
    const fields = (["url", "description", "events", "status"] as const).filter(
      (field) => String(wanted[field]) !== String(row[field]),
    );
    if (fields.length === 0) {
      return toWebhookView(row);
    }
    const isNewStart = fields.includes("url") || fields.includes("status");
    const updated = await updateWebhookRow(tx, organization.id, row.id, {
      ...wanted,
      ...(isNewStart ? { failing_since: null } : {}),
      ...(fields.includes("status") ? { disabled_reason: null } : {}),
      updated_at: await readClock(tx),
    });
    await record(tx, access, updated, "webhook.updated", { fields, status: updated.status });
    return toWebhookView(updated);
  });
}

/** Deletes an endpoint, with what was waiting for it. @throws DomainError resource_not_found */
export async function deleteWebhook(
  context: ServiceContext,
  access: Access,
  input: { webhookId: string },
): Promise<WebhookView> {
  return withLockedOrganization(context, access, async (tx, organization) => {
    const row = await requireWebhook(tx, organization.id, input.webhookId);
    // First the event's head, then the endpoint: events that are being written take their locks in this order.
    await record(tx, access, row, "webhook.deleted");
    await deleteWebhookRow(tx, organization.id, row.id);
    return toWebhookView(row);
  });
}

/**
 * Gives an endpoint a new secret and tells it. The one before signs too for 24 hours; the one before that no more.
 * @throws DomainError resource_not_found, unavailable without SECRETS_KEY
 */
export async function rotateWebhook(
  context: ServiceContext,
  access: Access,
  input: { webhookId: string },
): Promise<IssuedWebhook> {
  const secrets = requireSecrets(context.webhooks);
  return withLockedOrganization(context, access, async (tx, organization) => {
    const { id } = await requireWebhook(tx, organization.id, input.webhookId);
    const { secret, sealed } = createWebhookSecret(secrets, organization.id, id);
    const at = await readClock(tx);
    const row = await rotateSecret(tx, organization.id, id, { secret: sealed, hours: rotationHours, at });
    await record(tx, access, row, "webhook.rotated");
    return { ...toWebhookView(row), secret };
  });
}

/** @throws DomainError resource_not_found */
export async function requireWebhook(tx: Tx, organizationId: string, webhookId: string): Promise<WebhookRow> {
  const row = await findWebhook(tx, organizationId, webhookId);
  if (row === null) {
    throw new DomainError("resource_not_found", "The organization has no such webhook.");
  }
  return row;
}

/** The address as it is kept. @throws DomainError validation_failed */
function readUrl(context: ServiceContext, text: string): string {
  const policy = context.webhooks?.outbound ?? { allowHttp: false, allowInternal: false };
  const fault = findUrlFault(text, policy);
  if (fault !== null) {
    throw invalidField("url", fault);
  }
  const url = new URL(text);
  url.hash = "";
  return url.href;
}

type ManagementEvent = Extract<RaisedEvent["name"], `webhook.${string}`>;

/** The address itself stays out: its path and query often hold a secret of the receiver's. */
async function record(
  tx: Tx,
  { organizationId, actor }: Access,
  row: WebhookRow,
  name: Exclude<ManagementEvent, "webhook.test">,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const webhookId = encodeId("whk", row.id);
  await recordChange(tx, {
    organizationId,
    actor,
    audit: { action: name, target: webhookId, data: { host: new URL(row.url).host, ...data } },
    events: [{ name, payload: { webhookId } }],
  });
}
