import { z } from "zod";
import type { AliasFields } from "./answers.ts";
import { asItIs, bare, own } from "./answers.ts";
import type { PresetAliases } from "./rows.ts";

const organization = { organization_id: { to: "organizationId", id: "org" } } as const;

/** The organization, with those who are left in it. */
const remaining = own(
  "the organization, with its `members`",
  z.looseObject({ id: z.string(), name: z.string(), members: z.array(z.looseObject({ id: z.string() })) }),
  ({ organization, members }) => ({ ...(organization as AliasFields), members }),
);

export const overages: PresetAliases = {
  same: [],
  rows: [
    {
      method: "POST",
      path: "/organization",
      procedure: "organizations.create",
      fields: { organizationName: { to: "organizationName", required: true }, domain: { to: "domain" } },
      answer: asItIs,
    },
    {
      method: "GET",
      path: "/organization/list",
      procedure: "organizations.list",
      fields: {},
      rest: "organizations.list",
      answer: bare("organizations"),
    },
    {
      method: "GET",
      path: "/organization/{organization_id}",
      procedure: "organizations.get",
      fields: organization,
      answer: asItIs,
    },
    {
      method: "PUT",
      path: "/organization/{organization_id}",
      procedure: "organizations.update",
      fields: {
        ...organization,
        name: { to: "name" },
        organizationName: { to: "name" },
        domain: { to: "domain" },
        slug: { to: "slug" },
        settings: { to: "settings" },
      },
      answer: asItIs,
    },
    {
      method: "DELETE",
      path: "/organization/{organization_id}/member/{user_id}",
      procedure: "members.remove",
      fields: { ...organization, user_id: { to: "userId", id: "usr" } },
      rest: "members.list",
      answer: remaining,
    },
    {
      method: "PATCH",
      path: "/organization/{organization_id}/max-overages",
      procedure: "organizations.setMaxOverages",
      fields: { ...organization, meter: { to: "meter" }, units: { to: "units" }, cents: { to: "cents" } },
      answer: asItIs,
    },
  ],
};
