import { DomainError } from "@headroom/domain/errors";
import { z } from "zod";
import type { AliasFields } from "./answers.ts";
import { own } from "./answers.ts";
import type { PresetAliases } from "./rows.ts";

/** The organization is the caller's active one: the source knows no other. */
const implied = { organizationId: "current" };

/** The owner's role is never given, and the source has no third. */
function assertRole({ role = "agent" }: AliasFields): void {
  if (role === "agent" || role === "admin") return;
  throw new DomainError("invalid_role", "The role must be agent or admin.");
}

const invited = own(
  "`message` and `team_member_id`, a bare UUID",
  z.strictObject({
    message: z.string(),
    team_member_id: z
      .uuid()
      .nullable()
      .describe("null: the account's address is not verified, so an invite waits for it"),
  }),
  ({ role, email, team_member_id }) => ({
    message: `${role === "admin" ? "Admin" : "Agent"} ${email} invited successfully`,
    team_member_id: typeof team_member_id === "string" ? team_member_id.replace(/^mbr_/, "") : null,
  }),
);

const assigned = own("`message`", z.strictObject({ message: z.string() }), () => ({
  message: "Conversation assigned successfully",
}));

export const pingback: PresetAliases = {
  same: [],
  rows: [
    {
      method: "POST",
      path: "/api/v1/team/invite",
      procedure: "invites.create",
      fields: { email: { to: "email" }, role: { to: "role" } },
      fieldsIn: "query",
      implied,
      check: assertRole,
      status: 200,
      answer: invited,
    },
    {
      method: "POST",
      path: "/api/v1/team/assign/{conversation_id}",
      procedure: "conversations.assign",
      fields: {
        conversation_id: { to: "conversationId", id: "cnv" },
        agent_id: { to: "userId", id: "usr" },
      },
      fieldsIn: "query",
      implied,
      status: 200,
      answer: assigned,
    },
  ],
};
