import { scopes } from "@headroom/domain/permissions";
import { z } from "zod";
import { apiKeyId, instant, organizationId, pageOf, userId } from "../inputs.ts";

const apiKeyFields = {
  id: apiKeyId,
  organizationId,
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  secretPrefix: z.string().describe("How the secret begins"),
  memberId: userId.nullable().describe("The member whose personal key it is"),
  createdBy: userId.nullable(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  lastUsedAt: instant.nullable().describe("Written at most once a minute"),
  replacedBy: apiKeyId.nullable().describe("The key that came in its place"),
};

export const apiKey = z.strictObject(apiKeyFields);

export const issuedApiKey = z.strictObject({
  ...apiKeyFields,
  secret: z.string().nullable().describe("Told this once; null when the call is repeated"),
});

export const apiKeyPage = pageOf("apiKeys", apiKey);
