import { alertExamples } from "./alerts.ts";
import { billingExamples, planExamples } from "./billing.ts";
import { entitlementExamples, overrideExamples } from "./entitlements.ts";
import { inviteExamples } from "./invites.ts";
import { apiKeyExamples } from "./keys.ts";
import { memberExamples } from "./members.ts";
import { conversationExamples, profileExamples } from "./modules.ts";
import { operatorExamples } from "./operator.ts";
import { organizationExamples } from "./organizations.ts";
import { meExamples, permissionExamples, userExamples } from "./people.ts";
import { auditExamples, eventExamples, webhookExamples } from "./trail.ts";
import type { Example } from "./types.ts";
import { usageExamples } from "./usage.ts";

const areas: Readonly<Record<string, Readonly<Record<string, Example>>>> = {
  alerts: alertExamples,
  apiKeys: apiKeyExamples,
  audit: auditExamples,
  billing: billingExamples,
  conversations: conversationExamples,
  entitlements: entitlementExamples,
  events: eventExamples,
  invites: inviteExamples,
  me: meExamples,
  members: memberExamples,
  operator: operatorExamples,
  organizations: organizationExamples,
  overrides: overrideExamples,
  permissions: permissionExamples,
  plans: planExamples,
  profiles: profileExamples,
  usage: usageExamples,
  users: userExamples,
  webhooks: webhookExamples,
};

/** `invites.create` → a call of it and its answer. */
export const procedureExamples: ReadonlyMap<string, Example> = new Map(
  Object.entries(areas).flatMap(([area, examples]) =>
    Object.entries(examples).map(([name, example]) => [`${area}.${name}`, example] as const),
  ),
);
