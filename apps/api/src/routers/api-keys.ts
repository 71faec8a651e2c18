import { scopes } from "@headroom/domain/permissions";
import { createApiKey, listApiKeys, revokeApiKey } from "@headroom/service/organization-keys";
import { z } from "zod";
import { apiKeyIdInput, instantInput, organizationInput, page, trimmedText } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { apiKey, apiKeyPage, issuedApiKey } from "../views/api-keys.ts";

export const apiKeysRouter = router({
  create: organizationProcedure("keys.manage")
    .meta({
      summary: "Create an API key",
      description: "Nobody gives a key a right that they lack themselves.",
      rest: { method: "POST", path: "/organizations/{organization_id}/api-keys", status: 201 },
      errors: ["idempotency_mismatch"],
    })
    .input(
      organizationInput({
        name: trimmedText(100),
        scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
        expiresAt: instantInput.optional().describe("Never when absent"),
        personal: z.boolean().default(false).describe("Ends with the caller's membership"),
      }),
    )
    .output(issuedApiKey)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      createApiKey(ctx.service, ctx.access, input, ctx),
    ),

  list: organizationProcedure("keys.manage")
    .meta({
      summary: "List API keys",
      rest: { method: "GET", path: "/organizations/{organization_id}/api-keys" },
    })
    .input(organizationInput(page))
    .output(apiKeyPage)
    .query(({ ctx, input }) => listApiKeys(ctx.service, ctx.access, input)),

  revoke: organizationProcedure("keys.manage")
    .meta({
      summary: "Revoke an API key",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/api-keys/{key_id}" },
      errors: ["resource_not_found"],
    })
    .input(organizationInput({ keyId: apiKeyIdInput }))
    .output(apiKey)
    .mutation(({ ctx, input }) => revokeApiKey(ctx.service, ctx.access, input)),
});
