import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicies, type Policies } from "./configuration.ts";
import {
  actingRole,
  assertMayLeave,
  assertMayRemove,
  assertMaySetRole,
  holdsTop,
  mayActOn,
  mayGrant,
} from "./members.ts";
import { type Role, roles } from "./permissions.ts";

const withCreator = (creator: "owner" | "admin"): Policies => ({
  ...defaultPolicies,
  roles: { creator, aliases: {} },
});
const owned = withCreator("owner");
const adminned = withCreator("admin");

const role = fc.constantFrom(...roles);
const policies = fc.constantFrom(owned, adminned);
const rank: Record<Role, number> = { owner: 3, admin: 2, member: 1 };

function codeOf(act: () => void): string {
  try {
    act();
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("the table of who acts on whom", () => {
  test.each([
    // acting, target, with an owner, with admins on top
    ["owner", "owner", true, true],
    ["owner", "admin", true, true],
    ["owner", "member", true, true],
    ["admin", "owner", false, true],
    ["admin", "admin", false, true],
    ["admin", "member", true, true],
    ["member", "owner", false, false],
    ["member", "admin", false, false],
    ["member", "member", false, false],
  ] as const)("%s on %s", (acting, target, underOwner, underAdmins) => {
    expect(mayActOn(acting, target, owned)).toBe(underOwner);
    expect(mayActOn(acting, target, adminned)).toBe(underAdmins);
  });

  test("a rank is given up to one's own, and owner never", () => {
    expect(mayGrant("admin", "admin")).toBe(true);
    expect(mayGrant("owner", "admin")).toBe(true);
    expect(mayGrant("member", "admin")).toBe(false);
    expect(mayGrant("owner", "owner")).toBe(false);
  });

  test("keys and operators act with a fixed rank, people and their own keys with theirs", () => {
    const key = { kind: "organization_key", keyId: "k", organizationId: "o", scopes: [] } as const;
    expect(actingRole({ ...key, memberUserId: null }, null, owned)).toBe("admin");
    expect(actingRole({ ...key, memberUserId: "u" }, "member", owned)).toBe("member");
    expect(actingRole({ kind: "operator", name: "ops" }, null, owned)).toBe("owner");
    expect(actingRole({ kind: "operator", name: "ops" }, null, adminned)).toBe("admin");
  });
});

describe("laws", () => {
  test("the last of the top role is never removed, never demoted, never leaves", () => {
    fc.assert(
      fc.property(role, role, role, policies, (acting, target, next, p) => {
        fc.pre(holdsTop(target, p));
        const last = { acting, target, topHolders: 1 };
        expect(codeOf(() => assertMayRemove(last, p))).not.toBe("ok");
        expect(codeOf(() => assertMayLeave(target, 1, p))).toBe(p === owned ? "last_owner" : "last_admin");
        const outcome = codeOf(() => assertMaySetRole({ ...last, isSelf: false, next }, p));
        expect(outcome === "ok" && !holdsTop(next, p)).toBe(false);
      }),
    );
  });

  test("nobody is given more than the giver has, nobody becomes owner, nobody changes themselves", () => {
    fc.assert(
      fc.property(
        role,
        role,
        role,
        fc.nat(5),
        fc.boolean(),
        policies,
        (acting, target, next, n, isSelf, p) => {
          const change = { acting, target, next, isSelf, topHolders: n };
          if (codeOf(() => assertMaySetRole(change, p)) !== "ok") {
            return;
          }
          expect(isSelf).toBe(false);
          expect(next).not.toBe("owner");
          expect(rank[next]).toBeLessThanOrEqual(rank[acting]);
          expect(mayActOn(acting, target, p)).toBe(true);
        },
      ),
    );
  });

  test("who may remove may also be of a rank no lower, and a member removes nobody", () => {
    fc.assert(
      fc.property(role, role, fc.integer({ min: 2, max: 9 }), (acting, target, topHolders) => {
        const allowed = codeOf(() => assertMayRemove({ acting, target, topHolders }, owned)) === "ok";
        expect(allowed).toBe(acting === "owner" || (acting === "admin" && target === "member"));
      }),
    );
  });
});
