import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { policiesShape } from "./configuration-policies.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** `[file, title]` of a test that would fail if the value did nothing; or why there is none yet. */
type Cover = readonly [file: string, title: string];

const walks = "apps/api/src/walks";
const service = "packages/service/src";

/** Every value that a policy can have, and what shows that it works. */
const covers: Record<string, Cover> = {
  "roles.creator: owner": [
    `${service}/organizations.int.test.ts`,
    "makes the caller owner, puts the organization on the default plan and makes it active",
  ],
  "roles.creator: admin": [
    `${service}/organizations.int.test.ts`,
    "makes the caller admin under roles.creator: admin",
  ],
  "roles.aliases: {}": ["apps/api/src/role-aliases.test.ts", "without aliases there are the roles alone"],
  "roles.aliases: {…}": [`${walks}/pingback.int.test.ts`, 'role: default "agent"'],
  "organizations.createRequires: null": [
    `${service}/organizations.int.test.ts`,
    "makes the caller owner, puts the organization on the default plan and makes it active",
  ],
  "organizations.createRequires: …": [
    `${walks}/pingrep.int.test.ts`,
    "are available on the Max tier ($29/mo)",
  ],
  "organizations.identityBy: admins": [
    `${service}/policies.int.test.ts`,
    "organizations.identityBy: admins lets admins rename",
  ],
  "organizations.identityBy: owner": [
    `${service}/organizations.int.test.ts`,
    "the identity is the owner's under organizations.identityBy: owner; settings stay the admins'",
  ],
  "organizations.deleteWithSubscription: block": [
    `${service}/subscription-cancellation.int.test.ts`,
    "block: 409 while a subscription lives, whatever its state; without one the organization goes",
  ],
  "organizations.deleteWithSubscription: cancel_now": [
    `${service}/subscription-cancellation.int.test.ts`,
    "cancel_now: the running period is billed, Stripe ends the subscription, webhooks still apply",
  ],
  "organizations.deleteWithSubscription: cancel_at_period_end": [
    `${service}/subscription-cancellation.int.test.ts`,
    "cancel_at_period_end: overage is billed now, the subscription runs out",
  ],
  "ownership.transfer: owner": [
    "apps/api/src/organization-ownership.int.test.ts",
    "goes to an active member; the old owner is an admin, at once",
  ],
  "ownership.transfer: operator": [
    `${walks}/pingrep.int.test.ts`,
    "cannot be transferred through the API; contact support",
  ],
  "invites.by: admins": [`${walks}/pingrep.int.test.ts`, "Invite members: Yes Yes No"],
  "invites.by: owner": [`${walks}/pingback.int.test.ts`, "Only the org owner can send invitations"],
  "invites.roleRequired: false": [`${walks}/crawler.int.test.ts`, 'role: default "member"; admin or member'],
  "invites.roleRequired: true": [`${walks}/pingrep.int.test.ts`, 'role: required, "member" or "admin"'],
  "invites.requireAccount: false": [
    `${walks}/crawler.int.test.ts`,
    'role: default "member"; admin or member',
  ],
  "invites.requireAccount: true": [`${walks}/pingback.int.test.ts`, "must already have an account"],
  "invites.mode: accept": [
    `${walks}/pingrep.int.test.ts`,
    "all members and pending invitations, including their roles and invitation status",
  ],
  "invites.mode: direct": [
    `${walks}/pingback.int.test.ts`,
    "Invites an existing user to join as an agent: message and team_member_id",
  ],
  "invites.linkInList: false": [
    `${service}/members.int.test.ts`,
    "the list shows members, then pending invites, over pages, to everybody, and no secret",
  ],
  "invites.linkInList: true": [`${walks}/crawler.int.test.ts`, "Full URL to send to the invitee"],
  "invites.ttlDays: default": [`${walks}/crawler.int.test.ts`, "Invites expire after 7 days"],
  "invites.ttlDays: …": [
    `${service}/invites.int.test.ts`,
    "follows invites.by, invites.roleRequired and invites.ttlDays",
  ],
  "seats.basis: all_members": [
    `${walks}/pingrep.int.test.ts`,
    "Pending invitations count toward your organization's member limit",
  ],
  "seats.basis: excluding_owner": [
    `${walks}/pingback.int.test.ts`,
    "Plan limits: Free: 0 (no additional agents)",
  ],
  "seats.countPending: true": [
    `${walks}/pingrep.int.test.ts`,
    "Pending invitations count toward your organization's member limit",
  ],
  "seats.countPending: false": [
    `${service}/invites.int.test.ts`,
    "does not count them under seats.countPending: false, nor the owner under excluding_owner",
  ],
  "billing.by: owner": [`${walks}/pingrep.int.test.ts`, "Manage billing: Yes No No"],
  "billing.by: admins": [
    `${service}/policies.int.test.ts`,
    "billing.by: admins lets admins change the plan, and members never",
  ],
  "usage.window: period": [
    `${service}/usage.int.test.ts`,
    "is the period, or the calendar month where the policy says so",
  ],
  "usage.window: calendar_month": [
    `${service}/usage.int.test.ts`,
    "is the period, or the calendar month where the policy says so",
  ],
  "overage.onPlanChange: rerate": [
    `${service}/overage-segments.int.test.ts`,
    "rerate: the plan at the end rates the whole total",
  ],
  "overage.onPlanChange: settle": [
    `${service}/overage-segments.int.test.ts`,
    "settle: what stood above the old plan is billed by it, and the rest by the new one",
  ],
  "overage.whilePastDue: stop": [
    "packages/domain/src/billing.test.ts",
    "never allows overage outside a running subscription that pays",
  ],
  "overage.whilePastDue: allow": [
    "packages/domain/src/billing.test.ts",
    "overage goes on while past due where the policy allows it",
  ],
  "overage.sink: invoice_item": [`${service}/overage-faults.int.test.ts`, "exactly one line"],
  "overage.sink: meter": [
    `${service}/meter-sink.int.test.ts`,
    "a period's overage is told to the meter once, and the renewal bills it to the cent",
  ],
  "overage.billAboveCap: false": [
    "packages/domain/src/overage.test.ts",
    "what was written above the cap is not",
  ],
  "overage.billAboveCap: true": [
    "packages/domain/src/overage.test.ts",
    "bills what is above the cap where the plan says so",
  ],
};

const root = path.resolve(import.meta.dirname, "../../..");
const values = valuesOf("", z.toJSONSchema(policiesShape, { io: "input" }));

/** `invites.by: owner`, …; where anything goes, the default and anything else. */
function valuesOf(place: string, schema: JsonSchema): string[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, field]) =>
      valuesOf(place === "" ? name : `${place}.${name}`, field as JsonSchema),
    );
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => `${place}: ${value}`);
  if (schema.type === "boolean") return [`${place}: false`, `${place}: true`];
  if (schema.type === "object") return [`${place}: {}`, `${place}: {…}`];
  if (schema.anyOf !== undefined) return [`${place}: null`, `${place}: …`];
  return [`${place}: default`, `${place}: …`];
}

describe("every value of every policy", () => {
  test.each(values)("%s is tested", (value) => {
    const cover = covers[value];
    if (cover === undefined) throw new Error(`no test is named for ${value}`);
    const [file, title] = cover;
    expect(existsSync(path.join(root, file))).toBe(true);
    expect(readFileSync(path.join(root, file), "utf8")).toContain(title);
  });

  test("and no other is listed", () => {
    expect(Object.keys(covers).filter((value) => !values.includes(value))).toEqual([]);
  });
});
