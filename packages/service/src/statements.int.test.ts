import { countStatements } from "@headroom/db/testing/statements";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { listMembers } from "./member-list.ts";

import { accessTo, createWorld, invite, outcomeOf, type World } from "./testing/world.ts";

// A statement is what the driver sends: begin, commit, rollback and the `set_config` that names the tenant are not
// counted; statements inside functions of the database are not sent. Authentication is not part of these calls.

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(20);
});
afterAll(() => world?.close());

const count = <Result>(work: () => Promise<Result>) => countStatements(world.context.db, work);

test("the count sees statements of a transaction and beside one", async () => {
  const { statements } = await count(() => world.person());
  expect(statements.length).toBeGreaterThan(1);
  const { statements: none } = await count(async () => undefined);
  expect(none).toEqual([]);
});

test("a permission check is one statement", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const { result, statements } = await count(() =>
    authorize(world.context, owner, organization, "members.view"),
  );
  expect(result.role).toBe("owner");
  expect(statements).toHaveLength(1);
});

test("a page of members, their invites and seats is one statement", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  for (let index = 0; index < 3; index++) {
    await world.join(organization, owner);
    await invite(world.context, organization, owner, `friend${index}@example.com`);
  }
  const access = await accessTo(world.context, owner, organization, "members.view");
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const { result, statements } = await count(() =>
      listMembers(world.context, access, { limit: 2, ...(cursor === undefined ? {} : { cursor }) }),
    );
    expect(statements).toHaveLength(1);
    expect(result.seats).toEqual({
      limit: 20,
      members: 4,
      pending: 3,
      used: 7,
      available: 13,
      overLimit: false,
    });
    seen.push(...result.members.map(({ role }) => role), ...result.invites.map(({ email }) => email));
    cursor = result.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen).toEqual([
    "owner",
    "member",
    "member",
    "member",
    "friend0@example.com",
    "friend1@example.com",
    "friend2@example.com",
  ]);
});

test("accepting an invite is four statements at most, whatever comes of it", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const accept = async (person: Awaited<ReturnType<World["person"]>>, token: string, times: number) => {
    const { result, statements } = await count(() =>
      outcomeOf(acceptInvite(world.context, person, { token })),
    );
    expect(statements.length).toBeLessThanOrEqual(times);
    return result;
  };
  const grace = await world.person();
  const { token } = await invite(world.context, organization, owner, grace.email, "admin");
  expect(await accept(owner, token, 3)).toBe("invite_email_mismatch");
  expect(await accept(grace, token, 4)).toBe("ok");
  expect(await accept(grace, token, 3)).toBe("ok");
  const late = await world.person();
  const second = await invite(world.context, organization, owner, late.email);
  await world.seats(1);
  expect(await accept(late, second.token, 4)).toBe("seat_limit_reached");
  await world.seats(20);
});
