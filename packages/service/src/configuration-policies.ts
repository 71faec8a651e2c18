import { defaultPolicies, type Policies } from "@headroom/domain/configuration";
import { z } from "zod";
import { name } from "./configuration-values.ts";

const d = defaultPolicies;
/** Every rule that products differ in. */
export const policiesShape = z.strictObject({
  roles: z
    .strictObject({
      creator: z
        .enum(["owner", "admin"])
        .default(d.roles.creator)
        .describe(
          "The role of whoever creates an organization. Under `admin` nobody is owner, and admins may what the owner may.",
        ),
      aliases: z
        .record(name, z.enum(["admin", "member"]))
        .default(d.roles.aliases)
        .describe(
          'Other words for `admin` and `member`, such as `{ agent: "member" }`: taken wherever a role is, and written in answers.',
        ),
    })
    .prefault({}),
  organizations: z
    .strictObject({
      createRequires: name
        .nullable()
        .default(d.organizations.createRequires)
        .describe(
          "The plan feature without which nobody creates an organization: of an organization that the caller owns, or granted to the user. Else 402 `plan_required`.",
        ),
      identityBy: z
        .enum(["admins", "owner"])
        .default(d.organizations.identityBy)
        .describe("Who changes name, slug and domain: the owner and admins, or the owner alone."),
      deleteWithSubscription: z
        .enum(["block", "cancel_now", "cancel_at_period_end"])
        .default(d.organizations.deleteWithSubscription)
        .describe(
          "What deleting an organization does to a running subscription: refuse with 409, or cancel it at once, or at the end of its period.",
        ),
    })
    .prefault({}),
  ownership: z
    .strictObject({
      transfer: z
        .enum(["operator", "owner"])
        .default(d.ownership.transfer)
        .describe(
          "Who transfers ownership: an operator on the server (the API answers 403 `ownership_transfer_disabled`), or the owner.",
        ),
    })
    .prefault({}),
  invites: z
    .strictObject({
      by: z
        .enum(["admins", "owner"])
        .default(d.invites.by)
        .describe("Who invites: the owner and admins, or the owner alone."),
      roleRequired: z
        .boolean()
        .default(d.invites.roleRequired)
        .describe("Whether an invite must name its role; otherwise it is `member` when none is named."),
      requireAccount: z
        .boolean()
        .default(d.invites.requireAccount)
        .describe("Whether only people with an account can be invited; others are 404 `user_not_found`."),
      mode: z
        .enum(["accept", "direct"])
        .default(d.invites.mode)
        .describe(
          "`accept`: whoever is invited joins by accepting; `direct`: an account with a verified address is a member at once.",
        ),
      linkInList: z
        .boolean()
        .default(d.invites.linkInList)
        .describe("Whether those who may invite see each open invite's link in the list."),
      ttlDays: z.int().min(1).max(365).default(d.invites.ttlDays).describe("Days until an invite expires."),
    })
    .prefault({}),
  seats: z
    .strictObject({
      basis: z
        .enum(["all_members", "excluding_owner"])
        .default(d.seats.basis)
        .describe("Who takes a seat: all members, or all but the owner."),
      countPending: z
        .boolean()
        .default(d.seats.countPending)
        .describe("Whether an open invite takes a seat."),
    })
    .prefault({}),
  billing: z
    .strictObject({
      by: z
        .enum(["owner", "admins"])
        .default(d.billing.by)
        .describe("Who manages billing: the owner, or admins as well."),
    })
    .prefault({}),
  usage: z
    .strictObject({
      window: z
        .enum(["period", "calendar_month"])
        .default(d.usage.window)
        .describe(
          "What `monthlyUsed` reports: the period that is billed, or the calendar month. Included units, overage and hard cap are the period's either way.",
        ),
    })
    .prefault({}),
  overage: z
    .strictObject({
      onPlanChange: z
        .enum(["rerate", "settle"])
        .default(d.overage.onPlanChange)
        .describe(
          "`rerate`: the new plan's terms hold for the whole period; `settle`: what came before is billed by the old ones.",
        ),
      whilePastDue: z
        .enum(["stop", "allow"])
        .default(d.overage.whilePastDue)
        .describe("Whether overage goes on while a payment is past due."),
      sink: z
        .enum(["invoice_item", "meter"])
        .default(d.overage.sink)
        .describe(
          "How overage is told to Stripe: `invoice_item`, a line on the invoice; `meter`, an event for a billing meter where a renewal bills it.",
        ),
      billAboveCap: z
        .boolean()
        .default(d.overage.billAboveCap)
        .describe("Whether units that were recorded above the hard cap are billed."),
    })
    .prefault({}),
}) satisfies z.ZodType<Policies>;
