import { meRouter } from "./routers/me.ts";
import { router } from "./trpc.ts";

/** Every procedure. `@headroom/client` carries its type. */
export const appRouter = router({
  me: meRouter,
});

export type AppRouter = typeof appRouter;
