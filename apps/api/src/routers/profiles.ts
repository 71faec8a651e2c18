import {
  changeProfile,
  createProfile,
  deleteProfile,
  getProfile,
  listProfiles,
} from "@headroom/service/profiles";
import {
  attributes,
  organizationInput,
  page,
  profileIdInput,
  safeText,
  trimmedText,
  userIdInput,
  userOrNobody,
} from "../inputs.ts";
import { moduleProcedure, router } from "../trpc.ts";
import { profile, profilePage } from "../views/profiles.ts";

const name = trimmedText(200).describe("1 to 100 characters");
const slug = safeText(48)
  .nullable()
  .describe("Lower-case letters, digits and hyphens; unique in the organization; some words are reserved");
const settings = attributes.describe(
  "Up to 50 names of the caller's own with a text, number, boolean or null",
);

export const profilesRouter = router({
  create: moduleProcedure("profiles", "profiles.own")
    .meta({
      summary: "Create a profile",
      description:
        "Belongs to the caller's member. Those who may manage all profiles can name another member; a key without a " +
        "member has to name one. The plan limits how many an organization has.",
      rest: { method: "POST", path: "/organizations/{organization_id}/profiles", status: 201 },
      errors: [
        "route_not_found",
        "not_a_member",
        "profile_limit_reached",
        "slug_taken",
        "idempotency_mismatch",
        "resource_not_found",
      ],
    })
    .input(
      organizationInput({
        name,
        slug: slug.optional(),
        settings: settings.optional(),
        userId: userIdInput.optional().describe("The caller when absent"),
      }),
    )
    .output(profile)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      createProfile(ctx.service, ctx.access, input, ctx),
    ),

  list: moduleProcedure("profiles", "profiles.view")
    .meta({
      summary: "List profiles",
      description: "Oldest first. `none` finds those whose member is gone.",
      rest: { method: "GET", path: "/organizations/{organization_id}/profiles" },
      errors: ["route_not_found"],
    })
    .input(
      organizationInput({
        userId: userOrNobody.optional().describe("A user id, or `none`; everybody's when absent"),
        ...page,
      }),
    )
    .output(profilePage)
    .query(({ ctx, input }) => listProfiles(ctx.service, ctx.access, input)),

  get: moduleProcedure("profiles", "profiles.view")
    .meta({
      summary: "Get a profile",
      rest: { method: "GET", path: "/organizations/{organization_id}/profiles/{profile_id}" },
      errors: ["route_not_found", "resource_not_found"],
    })
    .input(organizationInput({ profileId: profileIdInput }))
    .output(profile)
    .query(({ ctx, input }) => getProfile(ctx.service, ctx.access, input)),

  update: moduleProcedure("profiles", "profiles.own")
    .meta({
      summary: "Change a profile",
      description:
        "Only the fields that are given, under PUT too; settings are replaced as a whole. One's own, or any for those " +
        "who may manage all: they can also hand it on to another member.",
      rest: {
        method: ["PATCH", "PUT"],
        path: "/organizations/{organization_id}/profiles/{profile_id}",
      },
      errors: ["route_not_found", "resource_not_found", "not_a_member", "slug_taken"],
    })
    .input(
      organizationInput({
        profileId: profileIdInput,
        name: name.optional(),
        slug: slug.optional(),
        settings: settings.optional(),
        userId: userIdInput.optional().describe("The member whom it belongs to from now on"),
      }),
    )
    .output(profile)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      changeProfile(ctx.service, ctx.access, input),
    ),

  delete: moduleProcedure("profiles", "profiles.own")
    .meta({
      summary: "Delete a profile",
      description: "One's own, or any for those who may manage all. Answers how it was.",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/profiles/{profile_id}" },
      errors: ["route_not_found", "resource_not_found"],
    })
    .input(organizationInput({ profileId: profileIdInput }))
    .output(profile)
    .mutation(({ ctx, input }) => deleteProfile(ctx.service, ctx.access, input)),
});
