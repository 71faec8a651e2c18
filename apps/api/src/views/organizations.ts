import { z } from "zod";
import { instant, organizationId, userId } from "../inputs.ts";
import { role } from "./roles.ts";

export const organization = z.strictObject({
  id: organizationId,
  name: z.string(),
  slug: z.string(),
  domain: z.string().nullable(),
  settings: z.strictObject({
    timeZone: z.string(),
    billingEmail: z.string().nullable().describe("Where invoices go"),
  }),
  role: role.nullable().describe("The caller's own; null for a key of the organization or the SaaS"),
  createdAt: instant,
  updatedAt: instant,
});

export const organizationPage = z.strictObject({
  organizations: z.array(organization),
  activeOrganizationId: organizationId.nullable(),
  nextCursor: z.string().nullable(),
});

export const switchedOrganization = z.strictObject({ organization, activeOrganizationId: organizationId });

export const leftOrganization = z.strictObject({
  organizationId,
  activeOrganizationId: organizationId.nullable(),
});

export const deletedOrganization = z.strictObject({
  organizationId,
  deletedAt: instant,
  purgeAt: instant.describe("When its data goes for good and its slug is free"),
});

export const transferredOwnership = z.strictObject({
  organization,
  ownerId: userId,
  previousOwnerId: userId.nullable().describe("An admin now; the same as `ownerId` when nothing changed"),
});
