import {
  assignConversation,
  closeConversation,
  createConversation,
  getConversation,
  listConversations,
  reopenConversation,
} from "@headroom/service/conversations";
import {
  conversationIdInput,
  organizationInput,
  page,
  trimmedText,
  userIdInput,
  userOrNobody,
} from "../inputs.ts";
import { moduleProcedure, router } from "../trpc.ts";
import { conversation, conversationPage, conversationStatus } from "../views/conversations.ts";

const one = organizationInput({ conversationId: conversationIdInput });

export const conversationsRouter = router({
  create: moduleProcedure("conversations", "conversations.write")
    .meta({
      summary: "Open a conversation",
      description: "It is open and assigned to nobody.",
      rest: { method: "POST", path: "/organizations/{organization_id}/conversations", status: 201 },
      errors: ["route_not_found", "idempotency_mismatch"],
    })
    .input(organizationInput({ subject: trimmedText(400).describe("1 to 200 characters") }))
    .output(conversation)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      createConversation(ctx.service, ctx.access, input, ctx),
    ),

  list: moduleProcedure("conversations", "conversations.view")
    .meta({
      summary: "List conversations",
      description: "Newest first.",
      rest: { method: "GET", path: "/organizations/{organization_id}/conversations" },
      errors: ["route_not_found"],
    })
    .input(
      organizationInput({
        status: conversationStatus.optional().describe("Every status when absent"),
        assignee: userOrNobody.optional().describe("A user id, or `none`; everybody's when absent"),
        ...page,
      }),
    )
    .output(conversationPage)
    .query(({ ctx, input: { assignee: assigneeId, ...input } }) =>
      listConversations(ctx.service, ctx.access, { ...input, assigneeId }),
    ),

  get: moduleProcedure("conversations", "conversations.view")
    .meta({
      summary: "Get a conversation",
      rest: { method: "GET", path: "/organizations/{organization_id}/conversations/{conversation_id}" },
      errors: ["route_not_found", "resource_not_found"],
    })
    .input(one)
    .output(conversation)
    .query(({ ctx, input }) => getConversation(ctx.service, ctx.access, input)),

  close: moduleProcedure("conversations", "conversations.write")
    .meta({
      summary: "Close a conversation",
      description: "It keeps its assignee. A closed one stays as it is.",
      rest: {
        method: "POST",
        path: "/organizations/{organization_id}/conversations/{conversation_id}/close",
      },
      errors: ["route_not_found", "resource_not_found"],
    })
    .input(one)
    .output(conversation)
    .mutation(({ ctx, input }) => closeConversation(ctx.service, ctx.access, input)),

  reopen: moduleProcedure("conversations", "conversations.write")
    .meta({
      summary: "Open a closed conversation again",
      description: "An open one stays as it is.",
      rest: {
        method: "POST",
        path: "/organizations/{organization_id}/conversations/{conversation_id}/reopen",
      },
      errors: ["route_not_found", "resource_not_found"],
    })
    .input(one)
    .output(conversation)
    .mutation(({ ctx, input }) => reopenConversation(ctx.service, ctx.access, input)),

  assign: moduleProcedure("conversations", "conversations.assign")
    .meta({
      summary: "Assign a conversation to a member",
      description:
        "An open one to an active member, who receives the event `conversation_assigned`. Assigning it to the same " +
        "member again changes nothing.",
      rest: {
        method: "POST",
        path: "/organizations/{organization_id}/conversations/{conversation_id}/assign",
      },
      errors: ["route_not_found", "resource_not_found", "conversation_not_open", "not_a_member"],
    })
    .input(
      organizationInput({
        conversationId: conversationIdInput,
        userId: userIdInput.describe("The member who takes it"),
      }),
    )
    .output(conversation)
    .mutation(({ ctx, input }) => assignConversation(ctx.service, ctx.access, input)),
});
