import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { previewInvite } from "./invite-preview.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, type World } from "./testing/world.ts";
import { getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(() => world?.close());

async function founded(context = world.context) {
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const access = await accessTo(context, owner, organization, "invites.manage");
  return { owner, organization, access };
}

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

const pendingCount = async (organization: string) => {
  const { rows } = await world.scratch.admin.query(
    "select count(*)::int as pending from headroom.invite where organization_id = $1 and status = 'pending'",
    [organization],
  );
  return rows[0].pending;
};

describe("previewing", () => {
  test("tells the little that a stranger with the link may know", async () => {
    const { owner, organization } = await founded();
    const { token, invite: issued } = await invite(world.context, organization, owner, "grace@example.com");
    expect(await previewInvite(world.context, { token })).toEqual({
      organization: { name: "Acme" },
      invitedBy: { name: "Ada" },
      role: "member",
      email: "g***@example.com",
      expiresAt: issued.expiresAt,
      state: "pending",
    });
    await moveClock("8 days");
    expect(await previewInvite(world.context, { token })).toMatchObject({ state: "expired" });
    expect(await outcomeOf(previewInvite(world.context, { token: rawId(issued) }))).toBe("invite_not_found");
  });
});

describe("accepting", () => {
  test("joins with the invited role, once, and makes the organization active", async () => {
    const { owner, organization } = await founded();
    const grace = await world.person();
    const { token } = await invite(world.context, organization, owner, grace.email, "admin");
    const answer = await acceptInvite(world.context, grace, { token });
    expect(answer).toMatchObject({
      organization: { id: `org_${organization}`, role: "admin" },
      activeOrganizationSet: true,
    });
    expect((await getUser(world.context, grace.userId)).activeOrganizationId).toBe(`org_${organization}`);
    expect(await acceptInvite(world.context, grace, { token })).toEqual(answer);
    expect(await previewInvite(world.context, { token })).toMatchObject({ state: "accepted" });
  });

  test("needs the address, and needs it verified", async () => {
    const { owner, organization } = await founded();
    const { token } = await invite(world.context, organization, owner, "victim@example.com");
    const accept = async (email: string, verified: boolean) =>
      outcomeOf(acceptInvite(world.context, await world.person(email, verified), { token }));
    expect(await accept("someone@example.com", true)).toBe("invite_email_mismatch");
    expect(await accept("victim@example.com", false)).toBe("email_not_verified");
    expect(await accept("Victim@Example.com", true)).toBe("ok");
  });

  test("never changes a membership that stands", async () => {
    const { owner, organization } = await founded();
    const { token } = await invite(world.context, organization, owner, "second@example.com", "member");
    await world.scratch.admin.query(
      "update headroom.account set email = 'second@example.com' where id = $1",
      [owner.userId],
    );
    expect(await acceptInvite(world.context, owner, { token })).toMatchObject({
      organization: { role: "owner" },
    });
    expect(await world.roles(organization)).toEqual({ owner: 1 });
    expect(await pendingCount(organization)).toBe(0);
  });

  test("does not count its own invite twice; full seats leave it open", async () => {
    await world.seats(2);
    const { owner, organization } = await founded();
    const grace = await world.person();
    const { token } = await invite(world.context, organization, owner, grace.email);
    await world.seats(1);
    expect(await outcomeOf(acceptInvite(world.context, grace, { token }))).toBe("seat_limit_reached");
    expect(await pendingCount(organization)).toBe(1);
    await world.seats(2);
    expect(await outcomeOf(acceptInvite(world.context, grace, { token }))).toBe("ok");
  });

  test("counts bought seats while the subscription's limits hold, and not after", async () => {
    await world.seats(1);
    const { owner, organization } = await founded();
    const subscribe = (limitsUntil: string | null) =>
      world.scratch.admin.query(
        `update headroom.subscription set plan_id = 'free', plan_version = 1, seats_purchased = greatest(seats_purchased, 1),
           limits_until = now() + $2::interval where organization_id = $1`,
        [organization, limitsUntil],
      );
    await subscribe("1 hour");
    expect(await outcomeOf(invite(world.context, organization, owner, "one@example.com"))).toBe("ok");
    await subscribe(null);
    expect(await outcomeOf(invite(world.context, organization, owner, "two@example.com"))).toBe(
      "seat_limit_reached",
    );
    await world.scratch.admin.query("update headroom.subscription set seats_purchased = 2");
    expect(await outcomeOf(invite(world.context, organization, owner, "two@example.com"))).toBe("ok");
    await world.scratch.admin.query("update headroom.subscription set seats_purchased = 9");
    await subscribe("-1 hour");
    expect(await outcomeOf(invite(world.context, organization, owner, "three@example.com"))).toBe(
      "seat_limit_reached",
    );
  });

  test("a link of someone who was removed does not bring them back", async () => {
    const { owner, organization } = await founded();
    const grace = await world.person();
    const { token } = await invite(world.context, organization, owner, grace.email);
    await acceptInvite(world.context, grace, { token });
    await world.scratch.admin.query("delete from headroom.membership where user_id = $1", [grace.userId]);
    expect(await outcomeOf(acceptInvite(world.context, grace, { token }))).toBe("invite_not_pending");
  });
});
