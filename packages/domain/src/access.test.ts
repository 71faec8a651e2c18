import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasPermission, mayGrantScope, memberBehind, personBehind } from "./access.ts";
import type { Actor } from "./actors.ts";
import { defaultPolicies as policies } from "./configuration.ts";
import { permissions, roleMay, roles, scopes, scopesMay } from "./permissions.ts";

const permission = fc.constantFrom(...permissions);
const role = fc.constantFrom(...roles);
const scopeList = fc.subarray([...scopes]);
const organizationKey = (held: (typeof scopes)[number][], memberUserId: string | null): Actor => ({
  kind: "organization_key",
  keyId: "k",
  organizationId: "o",
  scopes: held,
  memberUserId,
});

describe("a key", () => {
  test("has what its scopes give and nothing else", () => {
    fc.assert(
      fc.property(scopeList, permission, (held, one) => {
        expect(hasPermission(organizationKey(held, null), null, one, policies)).toBe(scopesMay(held, one));
      }),
    );
  });

  test("that is personal never has a role's permission that its member lacks", () => {
    fc.assert(
      fc.property(scopeList, role, permission, (held, has, one) => {
        const may = hasPermission(organizationKey(held, "u"), has, one, policies);
        const anyRoleMay = roles.some((each) => roleMay(each, one, policies));
        expect(may && anyRoleMay && !roleMay(has, one, policies)).toBe(false);
        expect(may && !scopesMay(held, one)).toBe(false);
      }),
    );
  });

  test("of the SaaS that acts for a user has that user's rights, whatever its scopes", () => {
    fc.assert(
      fc.property(scopeList, role, permission, (held, has, one) => {
        const key: Actor = { kind: "platform_key", keyId: "k", scopes: held, onBehalfOf: "u" };
        expect(hasPermission(key, has, one, policies)).toBe(roleMay(has, one, policies));
        expect(hasPermission(key, null, one, policies)).toBe(false);
      }),
    );
  });
});

test("a scope is given only by who has every permission behind it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...scopes), role, permission, (scope, has, one) => {
      const anyRoleMay = roles.some((each) => roleMay(each, one, policies));
      if (mayGrantScope(has, scope, policies) && scopesMay([scope], one) && anyRoleMay) {
        expect(roleMay(has, one, policies)).toBe(true);
      }
    }),
  );
  expect(mayGrantScope("owner", "impersonate", policies)).toBe(false);
  expect(mayGrantScope("admin", "billing:write", policies)).toBe(false);
  expect(mayGrantScope("admin", "usage:write", policies)).toBe(true);
});

test("a membership is asked for of users and personal keys; only people create, join and leave", () => {
  expect(memberBehind({ kind: "user", userId: "u" })).toBe("u");
  expect(memberBehind(organizationKey([], "u"))).toBe("u");
  expect(memberBehind({ kind: "operator", name: "ops" })).toBeNull();
  expect(personBehind(organizationKey([], "u"))).toBeNull();
  expect(personBehind({ kind: "platform_key", keyId: "k", scopes: [], onBehalfOf: "u" })).toBe("u");
});
