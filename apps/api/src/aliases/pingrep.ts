import { asItIs } from "./answers.ts";
import type { PresetAliases } from "./rows.ts";

const organization = { org_id: { to: "organizationId", id: "org" } } as const;
const settings = { to: "settings" };

export const pingrep: PresetAliases = {
  same: [],
  rows: [
    {
      method: "POST",
      path: "/api/v1/organizations",
      procedure: "organizations.create",
      fields: {
        name: { to: "name", required: true },
        slug: { to: "slug" },
        settings,
      },
      answer: asItIs,
    },
    {
      method: "GET",
      path: "/api/v1/organizations",
      procedure: "organizations.list",
      fields: {},
      rest: "organizations.list",
      answer: asItIs,
    },
    {
      method: "PATCH",
      path: "/api/v1/organizations/{org_id}",
      procedure: "organizations.update",
      fields: { ...organization, name: { to: "name" }, slug: { to: "slug" }, settings },
      answer: asItIs,
    },
    {
      method: "POST",
      path: "/api/v1/organizations/{org_id}/members",
      procedure: "invites.create",
      fields: { ...organization, email: { to: "email" }, role: { to: "role", required: true } },
      answer: asItIs,
    },
    {
      method: "GET",
      path: "/api/v1/organizations/{org_id}/members",
      procedure: "members.list",
      fields: organization,
      rest: "members.list",
      answer: asItIs,
    },
  ],
};
