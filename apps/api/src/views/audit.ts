import { z } from "zod";
import { instant, pageOf } from "../inputs.ts";

const auditEntry = z.strictObject({
  seq: z.int().min(1),
  at: instant,
  actor: z.strictObject({
    kind: z.enum(["user", "organization_key", "platform_key", "operator", "system"]),
    id: z.string().nullable().describe("A user's or key's id, or an operator's name"),
    onBehalfOf: z.string().nullable().describe("The user whom a platform key acted for"),
  }),
  action: z.string().describe("`noun.verbed`"),
  target: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
  requestId: z.string().nullable(),
});

export const auditPage = pageOf("entries", auditEntry);
