import { apiKeysRouter } from "./routers/api-keys.ts";
import { auditRouter } from "./routers/audit.ts";
import { billingRouter } from "./routers/billing.ts";
import { eventsRouter } from "./routers/events.ts";
import { invitesRouter } from "./routers/invites.ts";
import { meRouter } from "./routers/me.ts";
import { membersRouter } from "./routers/members.ts";
import { organizationsRouter } from "./routers/organizations.ts";
import { plansRouter } from "./routers/plans.ts";
import { usageRouter } from "./routers/usage.ts";
import { router } from "./trpc.ts";

/** Every procedure. `@headroom/client` carries its type. */
export const appRouter = router({
  apiKeys: apiKeysRouter,
  audit: auditRouter,
  billing: billingRouter,
  events: eventsRouter,
  invites: invitesRouter,
  me: meRouter,
  members: membersRouter,
  organizations: organizationsRouter,
  plans: plansRouter,
  usage: usageRouter,
});

export type AppRouter = typeof appRouter;
