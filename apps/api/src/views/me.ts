import { z } from "zod";
import { apiKeyId, organizationId, userId } from "../inputs.ts";

/** A user as they see themselves. */
export const ownUser = z.strictObject({
  id: userId,
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  name: z.string().nullable(),
  activeOrganizationId: organizationId.nullable(),
  operator: z.boolean().describe("May call as an operator, by the header `Headroom-Operator: true`"),
});

/** The caller, as the credential names them. */
export const me = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("user"), user: ownUser }),
  z.strictObject({
    kind: z.literal("organization_key"),
    keyId: apiKeyId,
    organizationId,
    scopes: z.array(z.string()),
  }),
  z.strictObject({
    kind: z.literal("platform_key"),
    keyId: apiKeyId,
    scopes: z.array(z.string()),
    onBehalfOf: ownUser.nullable(),
  }),
]);
