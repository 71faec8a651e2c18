import { conversationStatuses } from "@headroom/domain/conversations";
import { z } from "zod";
import { conversationId, instant, organizationId, pageOf, userId } from "../inputs.ts";

export const conversationStatus = z.enum(conversationStatuses);

export const conversation = z.strictObject({
  id: conversationId,
  organizationId,
  subject: z.string(),
  status: conversationStatus,
  assigneeId: userId.nullable().describe("A member; null: nobody"),
  createdBy: userId.nullable().describe("null: a key without a member"),
  createdAt: instant,
  updatedAt: instant,
  closedAt: instant.nullable().describe("null while it is open"),
});

export const conversationPage = pageOf("conversations", conversation);
