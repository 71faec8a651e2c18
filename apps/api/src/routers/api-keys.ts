import { scopes } from "@headroom/domain/permissions";
import { rotateApiKey } from "@headroom/service/key-rotation";
import { createApiKey, listApiKeys, listOwnApiKeys, revokeApiKey } from "@headroom/service/organization-keys";
import { z } from "zod";
import { apiKeyIdInput, instantInput, nameText, organizationInput, page } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { apiKey, apiKeyPage, issuedApiKey } from "../views/api-keys.ts";

const keyPage = {
  ...page,
  includeRevoked: z.boolean().default(false).describe("Revoked keys as well"),
};

export const apiKeysRouter = router({
  create: organizationProcedure("keys.manage")
    .meta({
      summary: "Create an API key",
      description:
        "The secret is told in this answer alone. Nobody gives a key a right that they lack themselves.",
      rest: { method: "POST", path: "/organizations/{organization_id}/api-keys", status: 201 },
      errors: ["idempotency_mismatch"],
    })
    .input(
      organizationInput({
        name: nameText(100).describe("For people, to tell keys apart"),
        scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).describe("What the key may do"),
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
      description: "Oldest first, personal ones as well. Never a secret.",
      rest: { method: "GET", path: "/organizations/{organization_id}/api-keys" },
    })
    .input(organizationInput(keyPage))
    .output(apiKeyPage)
    .query(({ ctx, input }) => listApiKeys(ctx.service, ctx.access, input)),

  listOwn: organizationProcedure("organization.view")
    .meta({
      summary: "List the caller's personal API keys",
      description: "Oldest first. Never a secret.",
      rest: { method: "GET", path: "/organizations/{organization_id}/api-keys/own" },
    })
    .input(organizationInput(keyPage))
    .output(apiKeyPage)
    .query(({ ctx, input }) => listOwnApiKeys(ctx.service, ctx.access, input)),

  rotate: organizationProcedure("keys.manage")
    .meta({
      summary: "Rotate an API key",
      description:
        "Answers a successor with the same name, scopes, owner and expiry. The old key ends at once, or after the overlap. A personal key is rotated by its own member only.",
      rest: {
        method: "POST",
        path: "/organizations/{organization_id}/api-keys/{key_id}/rotate",
        status: 201,
      },
      errors: ["resource_not_found", "idempotency_mismatch"],
    })
    .input(
      organizationInput({
        keyId: apiKeyIdInput,
        overlapSeconds: z.int().min(0).max(86_400).default(0).describe("How long the old key still works"),
      }),
    )
    .output(issuedApiKey)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      rotateApiKey(ctx.service, ctx.access, input, ctx),
    ),

  revoke: organizationProcedure("keys.manage")
    .meta({
      summary: "Revoke an API key",
      description: "It is refused from the next call on. Again: the same answer.",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/api-keys/{key_id}" },
      errors: ["resource_not_found"],
    })
    .input(organizationInput({ keyId: apiKeyIdInput }))
    .output(apiKey)
    .mutation(({ ctx, input }) => revokeApiKey(ctx.service, ctx.access, input)),
});
