import { leaveOrganization } from "@headroom/service/members";
import { createOrganization } from "@headroom/service/organization-creation";
import {
  changeOrganization,
  getCurrentOrganization,
  getOrganization,
  listOrganizations,
  switchOrganization,
} from "@headroom/service/organizations";
import { z } from "zod";
import { noInput, organizationInput, page, safeText, trimmedText } from "../inputs.ts";
import { organizationProcedure, router, signedInProcedure, userProcedure } from "../trpc.ts";
import { currentOrganization } from "../views/current-organization.ts";
import {
  leftOrganization,
  organization,
  organizationPage,
  switchedOrganization,
} from "../views/organizations.ts";
import { setMaxOverages } from "./billing.ts";

const name = trimmedText(200).describe("1 to 100 characters");
const slug = safeText(48).describe("Lower-case letters, digits and hyphens; unique; some words are reserved");
const domain = trimmedText(253).describe("A host name. Informative: it grants nothing");
const settings = z.strictObject({
  timeZone: safeText(64).optional().describe("IANA name; a change applies from the next window"),
});

export const organizationsRouter = router({
  create: userProcedure
    .meta({
      summary: "Create an organization",
      description: "The caller gets the top role, and it becomes their active one.",
      rest: { method: "POST", path: "/organizations", status: 201 },
      errors: ["slug_taken", "idempotency_mismatch"],
    })
    .input(
      z
        .strictObject({
          name: name.optional(),
          organizationName: name.optional().describe("The same as `name`"),
          slug: slug.optional().describe("Derived from the name when absent"),
          domain: domain.nullable().optional(),
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
    .meta({ summary: "List one's organizations", rest: { method: "GET", path: "/organizations" } })
    .input(z.strictObject(page))
    .output(organizationPage)
    .query(({ ctx, input }) => listOrganizations(ctx.service, ctx.userId, input)),

  current: signedInProcedure
    .meta({
      summary: "Get the active organization, its members and the month's usage",
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
        domain: domain.nullable().optional(),
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
      rest: { method: "POST", path: "/organizations/switch" },
    })
    .input(organizationInput({}))
    .output(switchedOrganization)
    .mutation(({ ctx }) => switchOrganization(ctx.service, ctx.access)),

  leave: organizationProcedure("members.leave")
    .meta({
      summary: "Leave an organization",
      rest: { method: "POST", path: "/organizations/{organization_id}/leave" },
      errors: ["last_owner", "last_admin"],
    })
    .input(organizationInput({}))
    .output(leftOrganization)
    .mutation(({ ctx }) => leaveOrganization(ctx.service, ctx.access)),

  setMaxOverages,
});
