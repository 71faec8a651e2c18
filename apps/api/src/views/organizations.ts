import { z } from "zod";
import { instant, organizationId } from "../inputs.ts";
import { role } from "./roles.ts";

export const organization = z.strictObject({
  id: organizationId,
  name: z.string(),
  slug: z.string(),
  domain: z.string().nullable(),
  settings: z.strictObject({ timeZone: z.string() }),
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
