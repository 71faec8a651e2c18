import { afterAll, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { inviteMany } from "./invite-bulk.ts";
import { accessTo, createWorld, invite, type Person, tallyOf, type World } from "./testing/world.ts";
import { ensureUser, getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

const times = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

async function foundedBy(owner: Person, seats: number): Promise<string> {
  await world.seats(seats);
  return world.organization(owner);
}

async function rowsOf(table: "membership" | "invite", organizationId: string, condition = "true") {
  const { rows } = await world.scratch.admin.query(
    `select * from headroom.${table} where organization_id = $1 and ${condition}`,
    [organizationId],
  );
  return rows;
}

test("one seat left and 20 who accept at once: exactly one joins, and the others' invites stay open", async () => {
  for (let round = 0; round < 5; round++) {
    const owner = await world.person();
    const organization = await foundedBy(owner, 100);
    const invited = await Promise.all(
      times(20, async () => {
        const person = await world.person();
        return { person, ...(await invite(world.context, organization, owner, person.email)) };
      }),
    );
    await world.seats(2);
    const outcome = await tallyOf(
      invited.map(({ person, token }) => acceptInvite(world.context, person, { token })),
    );
    expect(outcome).toEqual({ ok: 1, seat_limit_reached: 19 });
    expect(await rowsOf("membership", organization)).toHaveLength(2);
    expect(await rowsOf("invite", organization, "status = 'pending'")).toHaveLength(19);
  }
});

test("one seat left and 20 addresses invited at once: exactly one invite", async () => {
  for (let round = 0; round < 5; round++) {
    const owner = await world.person();
    const organization = await foundedBy(owner, 2);
    const outcome = await tallyOf(
      times(20, (index) => invite(world.context, organization, owner, `friend${index}@example.com`)),
    );
    expect(outcome).toEqual({ ok: 1, seat_limit_reached: 19 });
  }
});

test("one address invited 20 times at once, in any case: one pending invite", async () => {
  for (let round = 0; round < 5; round++) {
    const owner = await world.person();
    const organization = await foundedBy(owner, 100);
    const outcome = await tallyOf(
      times(20, (index) =>
        invite(world.context, organization, owner, index % 2 ? "Grace@Example.com" : "grace@example.com"),
      ),
    );
    expect(outcome).toEqual({ ok: 1, already_invited: 19 });
    expect(await rowsOf("invite", organization)).toHaveLength(1);
  }
});

test("one link used by 20 accounts with its address at once: one member", async () => {
  for (let round = 0; round < 5; round++) {
    const owner = await world.person();
    const organization = await foundedBy(owner, 100);
    const address = `shared${round}@example.com`;
    const people = await Promise.all(times(20, () => world.person(address)));
    const { token } = await invite(world.context, organization, owner, address);
    const outcome = await tallyOf(people.map((person) => acceptInvite(world.context, person, { token })));
    expect(outcome).toEqual({ ok: 1, invite_not_pending: 19 });
    expect(await rowsOf("membership", organization)).toHaveLength(2);
  }
});

test("one user who accepts one link 20 times at once: one membership, one answer", async () => {
  const owner = await world.person();
  const organization = await foundedBy(owner, 100);
  const person = await world.person();
  const { token } = await invite(world.context, organization, owner, person.email);
  const answers = await Promise.all(times(20, () => acceptInvite(world.context, person, { token })));
  expect(new Set(answers.map(({ membershipId }) => membershipId)).size).toBe(1);
  expect(await rowsOf("membership", organization)).toHaveLength(2);
});

test("one user with two addresses who accepts both invites: one membership, the first role", async () => {
  for (let round = 0; round < 20; round++) {
    const owner = await world.person();
    const organization = await foundedBy(owner, 100);
    const identity = {
      issuer: "https://issuer.example.com",
      subject: `two-addresses-${round}`,
      emailVerified: true,
      name: null,
    };
    const addresses = [`home${round}@example.com`, `work${round}@example.com`] as const;
    const { userId } = await ensureUser(world.context, { ...identity, email: addresses[0] });
    const first = await invite(world.context, organization, owner, addresses[0], "member");
    const second = await invite(world.context, organization, owner, addresses[1], "admin");
    const accept = async ({ token }: { token: string }) =>
      acceptInvite(world.context, { kind: "user", userId }, { token });
    const outcome = await tallyOf([
      accept(first),
      ensureUser(world.context, { ...identity, email: addresses[1] }).then(() => accept(second)),
    ]);
    // Neither meets the unique index behind the rule: that would be already_member.
    expect((outcome.ok ?? 0) + (outcome.invite_email_mismatch ?? 0)).toBe(2);
    expect((await rowsOf("membership", organization)).filter((row) => row.user_id === userId)).toHaveLength(
      1,
    );
  }
});

test("six organizations take in the same 30 people at once, each in its own order: nobody waits in a circle", async () => {
  const direct = world.under({
    invites: { ...world.context.configuration.policies.invites, mode: "direct" },
  });
  await world.seats(100);
  const people = await Promise.all(times(30, () => world.person()));
  const emails = people.map(({ email }) => ({ email }));
  const organizations = await Promise.all(
    times(6, async () => {
      const owner = await world.person();
      const id = await world.organization(owner);
      return { id, access: await accessTo(direct, owner, id, "invites.manage") };
    }),
  );
  const deadlocks = async () => {
    const { rows } = await world.scratch.admin.query<{ deadlocks: number }>(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    return rows[0]?.deadlocks;
  };
  const before = await deadlocks();
  const answers = await Promise.all(
    organizations.map(({ access }, index) =>
      inviteMany(direct, access, { invites: index % 2 === 0 ? emails : emails.toReversed() }),
    ),
  );
  for (const { results } of answers) {
    expect(results.filter(({ status }) => status === "joined")).toHaveLength(30);
  }
  expect(await deadlocks()).toBe(before);
  const ids = new Set(organizations.map(({ id }) => `org_${id}`));
  for (const { userId } of people) {
    expect(ids).toContain((await getUser(direct, userId)).activeOrganizationId);
  }
});
