import { getCaller } from "@headroom/service/users";
import { noInput } from "../inputs.ts";
import { router, signedInProcedure } from "../trpc.ts";
import { me } from "../views/me.ts";

export const meRouter = router({
  get: signedInProcedure
    .meta({
      summary: "Get the caller",
      description: "A user, or a key; `kind` tells which, and which fields there are.",
      rest: { method: "GET", path: "/me" },
    })
    .input(noInput)
    .output(me)
    .query(({ ctx }) => getCaller(ctx.service, ctx.actor, ctx.operators)),
});
