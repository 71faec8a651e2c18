import { alertsRouter } from "./routers/alerts.ts";
import { apiKeysRouter } from "./routers/api-keys.ts";
import { auditRouter } from "./routers/audit.ts";
import { billingRouter } from "./routers/billing.ts";
import { conversationsRouter } from "./routers/conversations.ts";
import { entitlementsRouter } from "./routers/entitlements.ts";
import { eventsRouter } from "./routers/events.ts";
import { invitesRouter } from "./routers/invites.ts";
import { meRouter } from "./routers/me.ts";
import { membersRouter } from "./routers/members.ts";
import { operatorRouter } from "./routers/operator.ts";
import { organizationsRouter } from "./routers/organizations.ts";
import { overridesRouter } from "./routers/overrides.ts";
import { permissionsRouter } from "./routers/permissions.ts";
import { plansRouter } from "./routers/plans.ts";
import { profilesRouter } from "./routers/profiles.ts";
import { usageRouter } from "./routers/usage.ts";
import { usersRouter } from "./routers/users.ts";
import { webhooksRouter } from "./routers/webhooks.ts";
import { router } from "./trpc.ts";

/** Every procedure. `@headroom/client` carries its type. */
export const appRouter = router({
  alerts: alertsRouter,
  apiKeys: apiKeysRouter,
  audit: auditRouter,
  billing: billingRouter,
  conversations: conversationsRouter,
  entitlements: entitlementsRouter,
  events: eventsRouter,
  invites: invitesRouter,
  me: meRouter,
  members: membersRouter,
  operator: operatorRouter,
  organizations: organizationsRouter,
  overrides: overridesRouter,
  permissions: permissionsRouter,
  plans: plansRouter,
  profiles: profilesRouter,
  usage: usageRouter,
  webhooks: webhooksRouter,
  users: usersRouter,
});

export type AppRouter = typeof appRouter;
