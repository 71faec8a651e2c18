import { expect, test } from "vitest";
import { defaultPolicies, type Policies } from "./configuration.ts";
import { type Permission, permissions, roleMay, scopes, scopesMay } from "./permissions.ts";

const creatorAdmin: Policies = { ...defaultPolicies, roles: { creator: "admin", aliases: {} } };

/** Keys write usage, operators manage overrides. */
const isForNobody = (permission: Permission) =>
  permission === "usage.write" || permission === "overrides.manage";

test("the owner may everything that a person may", () => {
  for (const permission of permissions) {
    expect(roleMay("owner", permission, defaultPolicies)).toBe(!isForNobody(permission));
  }
});

test("where admin is the top role it holds the owner's column", () => {
  expect(roleMay("admin", "billing.manage", defaultPolicies)).toBe(false);
  expect(roleMay("admin", "billing.manage", creatorAdmin)).toBe(true);
  expect(roleMay("admin", "organization.delete", creatorAdmin)).toBe(true);
});

test("a member sees and leaves, no more", () => {
  const allowed = permissions.filter((permission) => roleMay("member", permission, defaultPolicies));
  expect(allowed).toEqual([
    "organization.view",
    "members.view",
    "members.leave",
    "billing.view",
    "usage.view",
    "profiles.view",
    "profiles.own",
    "conversations.view",
    "conversations.write",
    "events.view",
  ]);
});

test("usage is written by keys with the scope only", () => {
  expect(scopesMay(["usage:write"], "usage.write")).toBe(true);
  expect(scopesMay(["usage:read", "billing:write"], "usage.write")).toBe(false);
});

test("no role and no scope gives what only operators have", () => {
  expect(scopesMay(scopes, "overrides.manage")).toBe(false);
  expect(roleMay("admin", "overrides.manage", creatorAdmin)).toBe(false);
  expect(roleMay("owner", "overrides.manage", { ...defaultPolicies, billing: { by: "admins" } })).toBe(false);
});

test("no key manages keys or reads the audit trail", () => {
  expect(scopesMay(["members:write", "organizations:write"], "keys.manage")).toBe(false);
  expect(scopesMay(["organizations:read"], "audit.view")).toBe(false);
});

/** The permission table of the product, row by row: who may under the default policies, and what moves it. */
test.each([
  [["billing.manage"], "owner", { billing: { by: "admins" } }, "admin"],
  [["invites.manage"], "admin", { invites: { ...defaultPolicies.invites, by: "owner" } }, "owner"],
  [["members.change"], "admin", {}, "admin"],
  [["organization.update"], "admin", {}, "admin"],
  [
    ["organization.identify"],
    "admin",
    { organizations: { ...defaultPolicies.organizations, identityBy: "owner" } },
    "owner",
  ],
  [["keys.manage", "webhooks.manage", "audit.view"], "admin", {}, "admin"],
  [["organization.view", "members.view", "usage.view", "billing.view"], "member", {}, "member"],
  [["profiles.own", "conversations.write"], "member", {}, "member"],
  [["profiles.manage", "conversations.assign"], "admin", {}, "admin"],
  [["organization.delete", "organization.transfer"], "owner", {}, "owner"],
  [["usage.write"], null, {}, null],
] as const)("%j needs at least %s; under %j at least %s", (group, usual, moved, then) => {
  const lowest = (permission: (typeof group)[number], policies: Policies) =>
    (["member", "admin", "owner"] as const).find((role) => roleMay(role, permission, policies)) ?? null;
  for (const permission of group) {
    expect(lowest(permission, defaultPolicies)).toBe(usual);
    expect(lowest(permission, { ...defaultPolicies, ...moved })).toBe(then);
  }
});
