import { eventNames } from "@headroom/domain/events";
import { deliveryStatuses, webhookStatuses } from "@headroom/domain/webhooks";
import { listWebhookDeliveries, redeliverWebhook, testWebhook } from "@headroom/service/webhook-deliveries";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhook,
  updateWebhook,
} from "@headroom/service/webhooks";
import { z } from "zod";
import { eventIdInput, organizationInput, page, safeText, trimmedText, webhookIdInput } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import {
  issuedWebhook,
  webhook,
  webhookDelivery,
  webhookDeliveryPage,
  webhookPage,
} from "../views/webhooks.ts";

const all = "/organizations/{organization_id}/webhooks";
const one = `${all}/{webhook_id}` as const;

const fields = {
  url: safeText(2_048).describe("Where events are posted: https, on the public internet"),
  description: trimmedText(200, 0).optional().describe("For people, to tell endpoints apart"),
  events: z
    .array(z.enum(eventNames))
    .max(eventNames.length)
    .optional()
    .describe("The events to send; empty: all of them"),
};

const which = organizationInput({ webhookId: webhookIdInput });

export const webhooksRouter = router({
  create: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Add an endpoint for outgoing webhooks",
      description: "At most 20 in an organization. Messages are signed as Standard Webhooks describes.",
      rest: { method: "POST", path: all, status: 201 },
      errors: ["idempotency_mismatch"],
    })
    .input(organizationInput(fields))
    .output(issuedWebhook)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      createWebhook(ctx.service, ctx.access, input, ctx),
    ),

  list: organizationProcedure("webhooks.manage")
    .meta({ summary: "List endpoints", rest: { method: "GET", path: all } })
    .input(organizationInput(page))
    .output(webhookPage)
    .query(({ ctx, input }) => listWebhooks(ctx.service, ctx.access, input)),

  get: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Get an endpoint",
      rest: { method: "GET", path: one },
      errors: ["resource_not_found"],
    })
    .input(which)
    .output(webhook)
    .query(({ ctx, input }) => getWebhook(ctx.service, ctx.access, input)),

  update: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Change, enable or disable an endpoint",
      description:
        "A disabled endpoint gets no new events; what was waiting for it waits until it is enabled.",
      rest: { method: "PATCH", path: one },
      errors: ["resource_not_found"],
    })
    .input(
      organizationInput({
        webhookId: webhookIdInput,
        ...fields,
        url: fields.url.optional(),
        status: z.enum(webhookStatuses).optional().describe("disabled: nothing is sent"),
      }),
    )
    .output(webhook)
    .mutation(({ ctx, input }) => updateWebhook(ctx.service, ctx.access, input)),

  delete: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Delete an endpoint",
      description: "What was waiting for it is not sent any more. Answers how it was.",
      rest: { method: "DELETE", path: one },
      errors: ["resource_not_found"],
    })
    .input(which)
    .output(webhook)
    .mutation(({ ctx, input }) => deleteWebhook(ctx.service, ctx.access, input)),

  rotate: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Give an endpoint a new secret",
      description: "Messages carry the old secret's signature too, for 24 hours.",
      rest: { method: "POST", path: `${one}/rotate` },
      errors: ["resource_not_found"],
    })
    .input(which)
    .output(issuedWebhook)
    .mutation(({ ctx, input }) => rotateWebhook(ctx.service, ctx.access, input)),

  deliveries: organizationProcedure("webhooks.manage")
    .meta({
      summary: "List what was sent to an endpoint, newest first",
      description: "Kept for 35 days.",
      rest: { method: "GET", path: `${one}/deliveries` },
      errors: ["resource_not_found"],
    })
    .input(
      organizationInput({
        webhookId: webhookIdInput,
        status: z.enum(deliveryStatuses).optional().describe("Every status when absent"),
        ...page,
      }),
    )
    .output(webhookDeliveryPage)
    .query(({ ctx, input }) => listWebhookDeliveries(ctx.service, ctx.access, input)),

  redeliver: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Send an event to an endpoint again",
      description: "The same id and the same bytes. One that waits for its next attempt is tried at once.",
      rest: { method: "POST", path: `${one}/deliveries/{event_id}/redeliver` },
      errors: ["resource_not_found"],
    })
    .input(organizationInput({ webhookId: webhookIdInput, eventId: eventIdInput }))
    .output(webhookDelivery)
    .mutation(({ ctx, input }) => redeliverWebhook(ctx.service, ctx.access, input)),

  test: organizationProcedure("webhooks.manage")
    .meta({
      summary: "Send a test message to an endpoint",
      description:
        "An event `webhook.test` that no other endpoint gets; see the deliveries for what came of it.",
      rest: { method: "POST", path: `${one}/test` },
      errors: ["resource_not_found"],
    })
    .input(which)
    .output(webhookDelivery)
    .mutation(({ ctx, input }) => testWebhook(ctx.service, ctx.access, input)),
});
