import { permissions } from "@headroom/domain/permissions";
import { z } from "zod";
import { organizationId } from "../inputs.ts";
import { role } from "./roles.ts";

export const heldPermissions = z.strictObject({
  organizationId,
  role: role.nullable().describe("null for a key without a member, and for an operator"),
  permissions: z.array(z.enum(permissions)),
});
