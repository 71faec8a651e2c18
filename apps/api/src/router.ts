import { meRouter } from "./routers/me.ts";
import { usageRouter } from "./routers/usage.ts";
import { router } from "./trpc.ts";

/** Every procedure. `@headroom/client` carries its type. */
export const appRouter = router({
  me: meRouter,
  usage: usageRouter,
});

export type AppRouter = typeof appRouter;
