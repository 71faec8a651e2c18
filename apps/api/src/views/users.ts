import { z } from "zod";
import { instant, userId } from "../inputs.ts";

export const user = z.strictObject({
  id: userId,
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  name: z.string().nullable(),
  createdAt: instant,
  updatedAt: instant,
});
