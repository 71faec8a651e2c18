import { DomainError } from "@headroom/domain/errors";
import { z } from "zod";
import type { AliasFields } from "./answers.ts";
import { type Answer, asItIs, spelled, withFields } from "./answers.ts";
import type { PresetAliases } from "./rows.ts";

/** The organisation is the caller's active one wherever the source names none. */
const implied = { organizationId: "current" };
const member = { member_id: { to: "userId", id: "usr" } } as const;

/** The source's spelling. */
const british = (answer: Answer = asItIs): Answer =>
  spelled(answer, (key) => key.replace("organization", "organisation"));

/** There are no owners. */
function assertRole({ role }: AliasFields): void {
  if (role === undefined || role === "admin" || role === "member") return;
  throw new DomainError("invalid_role", "The role must be admin or member.");
}

type MonthOfMeter = { meter: string; monthly_used: number };

const month = withFields(
  asItIs,
  {
    usage: z.strictObject({
      jobs_this_month: z.int().min(0),
      pages_crawled_this_month: z.int().min(0),
    }),
  },
  ({ usage }) => {
    const used = (meter: string) =>
      (usage as MonthOfMeter[]).find((one) => one.meter === meter)?.monthly_used ?? 0;
    return { usage: { jobs_this_month: used("jobs"), pages_crawled_this_month: used("pages") } };
  },
);

export const crawler: PresetAliases = {
  same: [
    { method: "GET", path: "/v1/usage", procedure: "usage.get" },
    { method: "GET", path: "/v1/usage/history", procedure: "usage.history" },
    { method: "GET", path: "/v1/plans", procedure: "plans.list" },
  ],
  rows: [
    {
      method: "GET",
      path: "/v1/organisations",
      procedure: "organizations.list",
      fields: {},
      rest: "organizations.list",
      answer: british(),
    },
    {
      method: "POST",
      path: "/v1/organisations",
      procedure: "organizations.create",
      fields: { name: { to: "name", required: true } },
      answer: british(),
    },
    {
      method: "POST",
      path: "/v1/organisations/switch",
      procedure: "organizations.switch",
      fields: { organisation_id: { to: "organizationId", id: "org" } },
      answer: british(),
    },
    {
      method: "GET",
      path: "/v1/organisations/current",
      procedure: "organizations.current",
      fields: {},
      rest: "members.list",
      answer: british(month),
    },
    {
      method: "GET",
      path: "/v1/organisations/members",
      procedure: "members.list",
      fields: {},
      implied,
      rest: "members.list",
      answer: british(),
    },
    {
      method: "PATCH",
      path: "/v1/organisations/members/{member_id}",
      procedure: "members.setRole",
      fields: { ...member, role: { to: "role" } },
      implied,
      check: assertRole,
      answer: british(),
    },
    {
      method: "DELETE",
      path: "/v1/organisations/members/{member_id}",
      procedure: "members.remove",
      fields: member,
      implied,
      rest: "members.list",
      answer: british(),
    },
    {
      method: "GET",
      path: "/v1/organisations/invites",
      procedure: "invites.list",
      fields: {},
      implied,
      rest: "invites.list",
      answer: british(),
    },
    {
      method: "POST",
      path: "/v1/organisations/invites",
      procedure: "invites.create",
      fields: { email: { to: "email" }, role: { to: "role" } },
      implied,
      check: assertRole,
      answer: british(),
    },
    {
      method: "GET",
      path: "/v1/organisations/invites/preview",
      procedure: "invites.preview",
      fields: { token: { to: "token" } },
      answer: british(),
    },
    {
      method: "POST",
      path: "/v1/organisations/invites/accept",
      procedure: "invites.accept",
      fields: { token: { to: "token" } },
      answer: british(),
    },
    {
      method: "DELETE",
      path: "/v1/organisations/invites/{invite_id}",
      procedure: "invites.revoke",
      fields: { invite_id: { to: "inviteId", id: "inv" } },
      implied,
      answer: british(),
    },
    {
      method: "PUT",
      path: "/v1/organisations/plan",
      procedure: "billing.changePlan",
      fields: { plan_id: { to: "planId" } },
      implied,
      answer: british(),
    },
  ],
};
