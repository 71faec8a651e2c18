import { setTimeout as pause } from "node:timers/promises";
import { writeBasePlan } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ServiceContext } from "./context.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { inviteMany } from "./invite-bulk.ts";
import { reissueInvite } from "./invite-resending.ts";
import { issueInvite } from "./invites.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, tallyOf, type World } from "./testing/world.ts";

let world: World;
let direct: ServiceContext;
beforeAll(async () => {
  world = await createWorld();
  direct = world.under({ invites: { ...world.context.configuration.policies.invites, mode: "direct" } });
  await world.make.plan(
    "small",
    { pages: { dailyLimit: null, included: null, overage: null } },
    { isDefault: false },
  );
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(() => world?.close());

const times = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

async function founded(seats: number, context = world.context) {
  await world.seats(seats);
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const access = await accessTo(context, owner, organization, "invites.manage");
  return { owner, organization, access };
}

const takenSeats = async (organization: string) => {
  const { rows } = await world.scratch.admin.query(
    `select (select count(*)::int from headroom.membership where organization_id = $1)
       + (select count(*)::int from headroom.invite where organization_id = $1 and status = 'pending'
          and expires_at > headroom.clock_now()) as taken`,
    [organization],
  );
  return rows[0].taken as number;
};

test("four invitees on one seat: one joins, three are told the numbers, and their invites stay open", async () => {
  for (let round = 0; round < 8; round++) {
    const { owner, organization } = await founded(100);
    const invited = await Promise.all(
      times(4, async () => {
        const person = await world.person();
        return { person, ...(await invite(world.context, organization, owner, person.email)) };
      }),
    );
    await world.seats(2);
    const answers = await Promise.allSettled(
      invited.map(({ person, token }) => acceptInvite(world.context, person, { token })),
    );
    const refusals = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    expect(refusals).toHaveLength(3);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        code: "seat_limit_reached",
        details: { limit: 2, members: 2, pending: 3, used: 5, available: 0 },
      });
    }
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
    expect(await takenSeats(organization)).toBe(5);
  }
});

test("many and single invites on the last seats: as many as there are seats, however they came", async () => {
  for (let round = 0; round < 6; round++) {
    const { organization, access } = await founded(6);
    const bulk = (name: string) =>
      inviteMany(
        world.context,
        access,
        { invites: times(3, (index) => ({ email: `${name}${index}@example.com` })) },
        {},
      );
    const postman = setInterval(() => {
      void world.scratch.admin.query("update headroom.outbox set status = 'sent' where status = 'pending'");
    }, 15);
    const [first, second, ...singles] = await Promise.all([
      bulk("a"),
      bulk("b"),
      ...times(3, (index) =>
        outcomeOf(issueInvite(world.context, access, { id: uuidv7(), email: `single${index}@example.com` })),
      ),
    ]);
    clearInterval(postman);
    const outcomes = [
      ...[first, second].flatMap(({ results }) => results.map(({ error }) => error?.code ?? "ok")),
      ...singles,
    ];
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "seat_limit_reached")).toHaveLength(4);
    expect(await takenSeats(organization)).toBe(6);
  }
});

test("an expired invite resent, and others invited, on the last seat: one of them", async () => {
  for (let round = 0; round < 6; round++) {
    const { owner, organization, access } = await founded(100);
    const { invite: issued } = await invite(world.context, organization, owner, "grace@example.com");
    await world.seats(2);
    await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '8 days'");
    const outcome = await tallyOf([
      reissueInvite(world.context, access, { inviteId: rawId(issued) }),
      ...times(4, (index) => invite(world.context, organization, owner, `other${index}@example.com`)),
    ]);
    expect(outcome).toEqual({ ok: 1, seat_limit_reached: 4 });
    expect(await takenSeats(organization)).toBe(2);
    await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
  }
});

test("in direct mode ten accounts on three seats: three are members", async () => {
  for (let round = 0; round < 5; round++) {
    const { organization, access } = await founded(4, direct);
    const people = await Promise.all(times(10, () => world.person()));
    const outcome = await tallyOf(
      people.map(({ email }) => issueInvite(direct, access, { id: uuidv7(), email })),
    );
    expect(outcome).toEqual({ ok: 3, seat_limit_reached: 7 });
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 3 });
  }
});

test("in direct mode one account invited ten times at once: one membership, of the role that came first", async () => {
  for (let round = 0; round < 5; round++) {
    const { organization, access } = await founded(100, direct);
    const { email } = await world.person();
    const outcome = await tallyOf(
      times(10, (index) =>
        issueInvite(direct, access, { id: uuidv7(), email, role: index % 2 === 0 ? "admin" : "member" }),
      ),
    );
    expect(outcome).toEqual({ ok: 1, already_member: 9 });
    const { rows } = await world.scratch.admin.query(
      `select m.role = i.role as same from headroom.membership m
       join headroom.invite i on i.organization_id = m.organization_id and i.accepted_by = m.user_id
       where m.organization_id = $1`,
      [organization],
    );
    expect(rows).toEqual([{ same: true }]);
  }
});

test("in direct mode a member made at once and one who accepts, on the last seat: one of them", async () => {
  for (let round = 0; round < 8; round++) {
    const { owner, organization, access } = await founded(100);
    const [invited, added] = [await world.person(), await world.person()];
    const { token } = await invite(world.context, organization, owner, invited.email);
    await world.seats(2);
    const lenient = {
      ...direct,
      configuration: {
        ...direct.configuration,
        policies: {
          ...direct.configuration.policies,
          seats: { basis: "all_members" as const, countPending: false },
        },
      },
    };
    const outcome = await tallyOf([
      acceptInvite(lenient, invited, { token }),
      issueInvite(lenient, access, { id: uuidv7(), email: added.email }),
    ]);
    expect(outcome).toEqual({ ok: 1, seat_limit_reached: 1 });
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
  }
});

test("a plan made smaller while somebody accepts: who comes after it finds no seat", async () => {
  const { owner, organization } = await founded(100);
  await world.scratch.admin.query("update headroom.plan set seats_included = 1 where id = 'small'");
  const person = await world.person();
  const { token } = await invite(world.context, organization, owner, person.email);
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const downgrade = withOrganization(world.context.db, organization, async (tx) => {
    await lockOrganization(tx, organization);
    await writeBasePlan(tx, organization, { planId: "small", planVersion: 1 }, new Date());
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const accepting = outcomeOf(acceptInvite(world.context, person, { token }));
  const inviting = outcomeOf(invite(world.context, organization, owner, "more@example.com"));
  await pause(300);
  release.resolve();
  await downgrade;
  expect(await accepting).toBe("seat_limit_reached");
  expect(await inviting).toBe("seat_limit_reached");
  expect(await world.roles(organization)).toEqual({ owner: 1 });
});

test("a limit lowered at any moment removes nobody: whoever was told yes is a member", async () => {
  for (let round = 0; round < 6; round++) {
    const { owner, organization } = await founded(100);
    const invited = await Promise.all(
      times(4, async () => {
        const person = await world.person();
        return { person, ...(await invite(world.context, organization, owner, person.email)) };
      }),
    );
    const [outcome] = await Promise.all([
      tallyOf(invited.map(({ person, token }) => acceptInvite(world.context, person, { token }))),
      world.seats(2),
    ]);
    const members = Object.values(await world.roles(organization)).reduce((sum, count) => sum + count, 0);
    expect(members).toBe(1 + (outcome.ok ?? 0));
    expect((outcome.ok ?? 0) + (outcome.seat_limit_reached ?? 0)).toBe(4);
    expect(outcome.ok ?? 0).toBeGreaterThan(0);
  }
});
