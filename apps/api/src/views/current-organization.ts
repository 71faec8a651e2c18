import { z } from "zod";
import { memberPageFields } from "./members.ts";
import { organization } from "./organizations.ts";
import { meterUsage } from "./usage.ts";

export const currentOrganization = z.strictObject({
  organization,
  ...memberPageFields,
  usage: z.array(meterUsage).describe("The month's, of every meter"),
});

export const memberRemoval = z.strictObject({ organization, ...memberPageFields });
