import { findUser, upsertUser } from "@headroom/service/users";
import { z } from "zod";
import { nameText, safeText, trimmedText, userIdInput } from "../inputs.ts";
import { platformProcedure, router } from "../trpc.ts";
import { user } from "../views/users.ts";

export const usersRouter = router({
  upsert: platformProcedure("users:write")
    .meta({
      summary: "Create or update a user",
      description:
        "Makes the account of an identity before its first sign-in, or brings it up to date; the same call again " +
        "answers the same user. The back end vouches for the address. What the issuer says at the next sign-in " +
        "replaces it.",
      rest: { method: "POST", path: "/users" },
    })
    .input(
      z.strictObject({
        issuer: safeText(2_000).describe("`iss` of the user's tokens; an issuer of the configuration"),
        subject: safeText(255)
          .regex(/^(\S(.*\S)?)?$/su, "has blanks around it, which no token's subject has")
          .describe("`sub` of the user's tokens"),
        email: trimmedText(254).optional().describe("What is known stays when absent"),
        emailVerified: z
          .boolean()
          .optional()
          .describe("When absent: as it is known of the same address, else false"),
        name: nameText(200).optional().describe("What is known stays when absent"),
      }),
    )
    .output(user)
    .mutation(({ ctx, input }) => upsertUser(ctx.service, input)),

  get: platformProcedure("users:read")
    .meta({
      summary: "Get a user",
      description: "An account, whatever organizations it belongs to.",
      rest: { method: "GET", path: "/users/{user_id}" },
      errors: ["user_not_found"],
    })
    .input(z.strictObject({ userId: userIdInput }))
    .output(user)
    .query(({ ctx, input }) => findUser(ctx.service, input.userId)),
});
