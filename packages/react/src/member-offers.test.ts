import { defaultPolicies, type Policies } from "@headroom/domain/configuration";
import { assertMayLeave, assertMayRemove, assertMaySetRole, holdsTop } from "@headroom/domain/members";
import { permissions, type Role, roleMay, roles } from "@headroom/domain/permissions";
import { describe, expect, test } from "vitest";
import { changesPower, offersFor } from "./member-offers.ts";

type Person = { id: string; role: Role };

function passes(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function offersOf(actor: Person, members: readonly Person[], policies: Policies) {
  const held = permissions.filter((permission) => roleMay(actor.role, permission, policies));
  return offersFor({ userId: actor.id, role: actor.role, permissions: held, members });
}

/** Every organization of up to one owner, two admins and two members, as each of the two policies has them. */
const organizations = (["owner", "admin"] as const).flatMap((creator) =>
  [1, 2].flatMap((admins) =>
    [0, 1, 2].map((plain) => ({
      policies: { ...defaultPolicies, roles: { creator, aliases: {} } } satisfies Policies,
      members: [
        ...(creator === "owner" ? [{ id: "owner", role: "owner" as const }] : []),
        ...Array.from({ length: admins }, (_, index) => ({ id: `admin${index}`, role: "admin" as const })),
        ...Array.from({ length: plain }, (_, index) => ({ id: `member${index}`, role: "member" as const })),
      ],
    })),
  ),
);

describe("what is offered", () => {
  test.each(organizations)("is what the api does: $members.length members", ({ policies, members }) => {
    const topHolders = members.filter(({ role }) => holdsTop(role, policies)).length;
    for (const actor of members) {
      const offers = offersOf(actor, members, policies);
      const mayChange = roleMay(actor.role, "members.change", policies);
      for (const target of members) {
        const change = { acting: actor.role, target: target.role, topHolders };
        const isSelf = actor.id === target.id;
        const offer = offers(target);
        if (isSelf) {
          expect(offer.leave === null).toBe(passes(() => assertMayLeave(actor.role, topHolders, policies)));
        } else {
          expect(offer.remove === null).toBe(mayChange && passes(() => assertMayRemove(change, policies)));
        }
        const settable = roles
          .filter((next) => next !== target.role)
          .some((next) => mayChange && passes(() => assertMaySetRole({ ...change, isSelf, next }, policies)));
        expect(offer.setRole === null, `${actor.id} sets ${target.id}`).toBe(settable);
        const allowed = (next: Role) => passes(() => assertMaySetRole({ ...change, isSelf, next }, policies));
        if (offer.setRole === null) expect(offer.roles.every(allowed)).toBe(true);
      }
    }
  });

  test("says why not", () => {
    const members: Person[] = [
      { id: "olga", role: "owner" },
      { id: "adam", role: "admin" },
      { id: "anna", role: "admin" },
      { id: "mia", role: "member" },
    ];
    const [olga, adam, anna, mia] = members as [Person, Person, Person, Person];
    const byAdam = offersOf(adam, members, defaultPolicies);
    expect(byAdam(olga)).toMatchObject({ setRole: "isOwner", remove: "isOwner", transfer: "hidden" });
    expect(byAdam(anna)).toMatchObject({ setRole: "rank", remove: "rank" });
    expect(byAdam(adam)).toMatchObject({ setRole: "ownRole", leave: null });
    expect(offersOf(olga, members, defaultPolicies)(olga)).toMatchObject({
      setRole: "ownRole",
      leave: "lastOwner",
      transfer: "hidden",
    });
    expect(offersOf(olga, members, defaultPolicies)(mia)).toMatchObject({ transfer: null });
    expect(offersOf(mia, members, defaultPolicies)(adam)).toMatchObject({
      setRole: "notAllowed",
      remove: "notAllowed",
    });
  });
});

test("a change of role gives power, takes it, or neither", () => {
  expect(changesPower("member", "admin")).toBe("gives");
  expect(changesPower("admin", "member")).toBe("takes");
  expect(changesPower("agent", "member")).toBeNull();
});
