import { z } from "zod";
import { attributes, instant, organizationId, pageOf, profileId, userId } from "../inputs.ts";

export const profile = z.strictObject({
  id: profileId,
  organizationId,
  userId: userId.nullable().describe("The member whom it belongs to; null once that member is gone"),
  name: z.string(),
  slug: z.string().nullable(),
  settings: attributes,
  createdAt: instant,
  updatedAt: instant,
});

export const profilePage = pageOf("profiles", profile);
