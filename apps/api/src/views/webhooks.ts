import { eventNames } from "@headroom/domain/events";
import { attemptErrors, deliveryStatuses, disabledReasons, webhookStatuses } from "@headroom/domain/webhooks";
import { z } from "zod";
import { eventId, instant, organizationId, pageOf, userId, webhookId } from "../inputs.ts";

const webhookFields = {
  id: webhookId,
  organizationId,
  url: z.string(),
  description: z.string(),
  events: z.array(z.enum(eventNames)).describe("Empty: every event"),
  status: z.enum(webhookStatuses),
  disabledReason: z
    .enum(disabledReasons)
    .nullable()
    .describe("Why it was disabled by itself: it answered 410, or all attempts of five days failed"),
  failingSince: instant.nullable().describe("The first failure since the last success"),
  previousSecretUntil: instant
    .nullable()
    .describe("Until when the secret before the last rotation signs too"),
  createdBy: userId.nullable(),
  createdAt: instant,
  updatedAt: instant,
};

export const webhook = z.strictObject(webhookFields);

export const issuedWebhook = z.strictObject({
  ...webhookFields,
  secret: z.string().nullable().describe("`whsec_…`, told this once; null when the call is repeated"),
});

export const webhookPage = pageOf("webhooks", webhook);

export const webhookDelivery = z.strictObject({
  eventId,
  eventSeq: z.int(),
  name: z.enum(eventNames),
  status: z.enum(deliveryStatuses),
  attempts: z
    .array(
      z.strictObject({
        attempt: z.int(),
        at: instant,
        durationMs: z.int(),
        responseStatus: z.int().nullable(),
        error: z.enum(attemptErrors).nullable(),
      }),
    )
    .describe("The latest 20, latest first"),
  nextAttemptAt: instant.nullable(),
  createdAt: instant,
  deliveredAt: instant.nullable(),
});

export const webhookDeliveryPage = pageOf("deliveries", webhookDelivery);
