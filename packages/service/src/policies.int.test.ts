import { afterAll, beforeAll, expect, test } from "vitest";
import { changeOrganization } from "./organizations.ts";
import { changePlan } from "./plan-changes.ts";
import { accessTo, createWorld, outcomeOf, type PolicyChanges, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

/** The outcome of one act, by whoever holds each role. */
async function byRole(changes: PolicyChanges, act: Act) {
  const context = world.under(changes);
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const admin = await world.join(organization, owner, "admin", context);
  const member = await world.join(organization, owner, "member", context);
  const outcomes: Record<string, string> = {};
  for (const [role, person] of Object.entries({ owner, admin, member })) {
    outcomes[role] = await outcomeOf(act(context, person, organization, role));
  }
  return outcomes;
}

type Act = (
  context: World["context"],
  person: Parameters<typeof accessTo>[1],
  organization: string,
  role: string,
) => Promise<unknown>;

const rename: Act = async (context, person, organization, role) =>
  changeOrganization(context, await accessTo(context, person, organization, "organization.update"), {
    name: `Renamed by the ${role}`,
  });

const toFree: Act = async (context, person, organization) =>
  changePlan(context, await accessTo(context, person, organization, "billing.manage"), { planId: "free" });

test("organizations.identityBy: admins lets admins rename", async () => {
  expect(await byRole({ organizations: { identityBy: "admins" } }, rename)).toEqual({
    owner: "ok",
    admin: "ok",
    member: "forbidden",
  });
  expect(await byRole({ organizations: { identityBy: "owner" } }, rename)).toEqual({
    owner: "ok",
    admin: "forbidden",
    member: "forbidden",
  });
});

test("billing.by: admins lets admins change the plan, and members never", async () => {
  expect(await byRole({ billing: { by: "admins" } }, toFree)).toEqual({
    owner: "ok",
    admin: "ok",
    member: "forbidden",
  });
  expect(await byRole({ billing: { by: "owner" } }, toFree)).toEqual({
    owner: "ok",
    admin: "forbidden",
    member: "forbidden",
  });
});
