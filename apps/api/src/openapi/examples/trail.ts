import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const entry = {
  seq: 7,
  at: times.joined,
  actor: { kind: "user" as const, id: ids.owner, onBehalfOf: null },
  action: "member.role_changed",
  target: ids.admin,
  data: { from: "member", to: "admin" },
  requestId: "01983a61-9d10-7a7b-8c8d-9e0f1a2b3c10",
};

export const auditExamples: ExamplesOf<"audit"> = {
  list: {
    input: { ...here, action: "member.*", from: times.founded, limit: 50 },
    output: { entries: [entry], nextCursor: null },
  },
  export: {
    input: { ...here, from: times.founded, format: "csv", limit: 10_000 },
    output: { format: "csv", entries: [entry], nextCursor: null },
  },
};

export const eventExamples: ExamplesOf<"events"> = {
  list: {
    input: { ...here, after: 40, limit: 50 },
    output: {
      events: [
        {
          seq: 41,
          id: ids.event,
          name: "member.role_changed",
          payload: { userId: ids.admin, from: "member", to: "admin" },
          at: times.joined,
        },
      ],
      lastSeq: 41,
      hasMore: false,
    },
  },
};

const webhook = {
  id: ids.webhook,
  organizationId: ids.organization,
  url: "https://hooks.acme.example.com/headroom",
  description: "Sync members",
  events: ["member.joined" as const, "member.role_changed" as const],
  status: "enabled" as const,
  disabledReason: null,
  failingSince: null,
  previousSecretUntil: null,
  createdBy: ids.owner,
  createdAt: times.founded,
  updatedAt: times.founded,
};

const secret = "whsec_C8Jt4bVfU7rS3xKzN5hPaLgEoIiRuTyQ";
const one = { ...here, webhookId: ids.webhook };

const delivery = {
  eventId: ids.event,
  eventSeq: 41,
  name: "member.role_changed" as const,
  status: "delivered" as const,
  attempts: [{ attempt: 1, at: times.joined, durationMs: 84, responseStatus: 204, error: null }],
  nextAttemptAt: null,
  createdAt: times.joined,
  deliveredAt: times.joined,
};

const waiting = {
  ...delivery,
  status: "pending" as const,
  attempts: [],
  nextAttemptAt: times.now,
  deliveredAt: null,
};

export const webhookExamples: ExamplesOf<"webhooks"> = {
  create: {
    input: {
      ...here,
      url: webhook.url,
      description: "Sync members",
      events: ["member.joined", "member.role_changed"],
    },
    output: { ...webhook, secret },
  },
  list: { input: { ...here, limit: 50 }, output: { webhooks: [webhook], nextCursor: null } },
  get: { input: one, output: webhook },
  update: {
    input: { ...one, status: "disabled" },
    output: { ...webhook, status: "disabled", updatedAt: times.now },
  },
  delete: { input: one, output: webhook },
  rotate: {
    input: one,
    output: { ...webhook, previousSecretUntil: "2026-03-11T12:30:00.000Z", updatedAt: times.now, secret },
  },
  deliveries: {
    input: { ...one, status: "delivered", limit: 50 },
    output: { deliveries: [delivery], nextCursor: null },
  },
  redeliver: { input: { ...one, eventId: ids.event }, output: waiting },
  test: { input: one, output: { ...waiting, name: "webhook.test" } },
};
