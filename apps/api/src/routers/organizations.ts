import { leaveOrganization } from "@headroom/service/members";
import { createOrganization } from "@headroom/service/organization-creation";
import { deleteOrganization } from "@headroom/service/organization-deletion";
import { transferOwnership } from "@headroom/service/organization-transfer";
import {
  changeOrganization,
  getCurrentOrganization,
  getOrganization,
  listOrganizations,
  switchOrganization,
} from "@headroom/service/organizations";
import { z } from "zod";
import { noInput, organizationInput, page, safeText, trimmedText, userIdInput } from "../inputs.ts";
import { organizationProcedure, router, signedInProcedure, userProcedure } from "../trpc.ts";
import { currentOrganization } from "../views/current-organization.ts";
import {
  deletedOrganization,
  leftOrganization,
  organization,
  organizationPage,
  switchedOrganization,
  transferredOwnership,
} from "../views/organizations.ts";
import { setMaxOverages } from "./billing.ts";

const name = trimmedText(200).describe("1 to 100 characters");
const slug = safeText(48).describe("Lower-case letters, digits and hyphens; unique; some words are reserved");
const domain = trimmedText(253)
  .nullable()
  .describe("A host name, informative: it grants nothing; null: none");
const settings = z
  .strictObject({
    timeZone: safeText(64).optional().describe("IANA name; a change applies from the next window"),
    billingEmail: trimmedText(254).nullable().optional().describe("Where invoices go; null clears it"),
  })
  .describe("Only the settings that are given are set");

export const organizationsRouter = router({
  create: userProcedure
    .meta({
      summary: "Create an organization",
      description:
        "The caller gets the top role, and it becomes their active one. Where `organizations.createRequires` names a " +
        "feature, it must be in the plan of an organization that they own, or be granted to them: else 402.",
      rest: { method: "POST", path: "/organizations", status: 201 },
      errors: ["slug_taken", "plan_required", "idempotency_mismatch"],
    })
    .input(
      z
        .strictObject({
          name: name.optional(),
          organizationName: name.optional().describe("The same as `name`; one of the two is required"),
          slug: slug.optional().describe("Derived from the name when absent"),
          domain: domain.optional(),
          settings: settings.optional(),
        })
        .refine((input) => (input.name === undefined) !== (input.organizationName === undefined), {
          path: ["name"],
          message: "is required, once",
        }),
    )
    .output(organization)
    .mutation(({ ctx, input: { organizationName, name = organizationName ?? "", ...fields } }) =>
      createOrganization(ctx.service, ctx.actor, { ...fields, name }, ctx),
    ),

  list: userProcedure
    .meta({
      summary: "List one's organizations",
      description: "With the caller's role in each, and which one is active.",
      rest: { method: "GET", path: "/organizations" },
    })
    .input(z.strictObject(page))
    .output(organizationPage)
    .query(({ ctx, input }) => listOrganizations(ctx.service, ctx.userId, input)),

  current: signedInProcedure
    .meta({
      summary: "Get the active organization, its members and the month's usage",
      description: "The first page of the members; `GET /v1/organizations/current/members` goes on.",
      rest: { method: "GET", path: "/organizations/current" },
      errors: ["no_active_organization", "organization_not_found", "forbidden"],
    })
    .input(noInput)
    .output(currentOrganization)
    .query(({ ctx }) => getCurrentOrganization(ctx.service, ctx.actor)),

  get: organizationProcedure("organization.view")
    .meta({
      summary: "Get an organization",
      rest: { method: "GET", path: "/organizations/{organization_id}" },
    })
    .input(organizationInput({}))
    .output(organization)
    .query(({ ctx }) => getOrganization(ctx.service, ctx.access)),

  update: organizationProcedure("organization.update")
    .meta({
      summary: "Change an organization",
      description:
        "Only the fields that are given, under PUT too. Name, slug and domain may be the owner's alone.",
      rest: { method: ["PATCH", "PUT"], path: "/organizations/{organization_id}" },
      errors: ["slug_taken"],
    })
    .input(
      organizationInput({
        name: name.optional(),
        slug: slug.optional(),
        domain: domain.optional(),
        settings: settings.optional(),
      }),
    )
    .output(organization)
    .mutation(({ ctx, input: { organizationId: _, ...fields } }) =>
      changeOrganization(ctx.service, ctx.access, fields),
    ),

  switch: organizationProcedure("organization.view")
    .meta({
      summary: "Make an organization the caller's active one",
      description: "It is what `current` stands for from now on, in all of the caller's sessions.",
      rest: { method: "POST", path: "/organizations/switch" },
    })
    .input(organizationInput({}))
    .output(switchedOrganization)
    .mutation(({ ctx }) => switchOrganization(ctx.service, ctx.access)),

  leave: organizationProcedure("members.leave")
    .meta({
      summary: "Leave an organization",
      description:
        "Frees the seat and ends the caller's personal keys. The last of the top role cannot leave.",
      rest: { method: "POST", path: "/organizations/{organization_id}/leave" },
      errors: ["last_owner", "last_admin"],
    })
    .input(organizationInput({}))
    .output(leftOrganization)
    .mutation(({ ctx }) => leaveOrganization(ctx.service, ctx.access)),

  transfer: organizationProcedure("organization.transfer")
    .meta({
      summary: "Transfer ownership",
      description:
        "To an active member; the old owner becomes an admin. Under `ownership.transfer: operator` only an operator " +
        "does it: 403 with the support's contact in `details.support`.",
      rest: { method: "POST", path: "/organizations/{organization_id}/transfer" },
      errors: ["ownership_transfer_disabled", "not_a_member", "invalid_role"],
    })
    .input(organizationInput({ userId: userIdInput.describe("The member who becomes the owner") }))
    .output(transferredOwnership)
    .mutation(({ ctx, input }) => transferOwnership(ctx.service, ctx.access, { userId: input.userId })),

  delete: organizationProcedure("organization.delete")
    .meta({
      summary: "Delete an organization",
      description:
        "At once it is gone for every caller, with its keys and invites. Open overage is billed, its data is deleted " +
        "30 days later, and its slug is taken until then. With a live subscription it is 409, or the subscription is " +
        "cancelled, as `organizations.deleteWithSubscription` says.",
      rest: { method: "DELETE", path: "/organizations/{organization_id}" },
      errors: ["active_subscription"],
    })
    .input(organizationInput({ slug: safeText(48).describe("The organization's own, as confirmation") }))
    .output(deletedOrganization)
    .mutation(({ ctx, input }) => deleteOrganization(ctx.service, ctx.access, { slug: input.slug })),

  setMaxOverages,
});
