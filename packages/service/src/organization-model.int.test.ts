import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { authorize } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { revokeInvite } from "./invites.ts";
import { leaveOrganization, removeMember, setMemberRole } from "./members.ts";
import {
  explain,
  type ModelAnswer,
  type ModelCommand,
  type ModelPolicies,
  type ModelState,
  visible,
} from "./testing/organization-model.ts";
import {
  createWorld,
  invite,
  outcomeOf,
  type Person,
  type PolicyChanges,
  rawId,
  type World,
} from "./testing/world.ts";

const people = 7;
const batchesInARun = 12;
const commandsInABatch = 5;

let world: World;
let persons: Person[];

beforeAll(async () => {
  world = await createWorld();
  persons = await Promise.all(Array.from({ length: people }, () => world.person()));
});
afterAll(() => world?.close());

const person = fc.nat({ max: people - 1 });
const link = fc.nat({ max: 9 });
const role = fc.constantFrom("admin" as const, "member" as const);

/** Links are drawn as places in the list of those there are; `place` names them. */
const command: fc.Arbitrary<ModelCommand> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("invite" as const),
      actor: person,
      invitee: person,
      role,
      link: fc.constant(0),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("accept" as const), actor: person, link }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revoke" as const), actor: person, link }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("setRole" as const), actor: person, target: person, role }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), actor: person, target: person }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), actor: person }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("setSeats" as const), seats: fc.nat({ max: people }) }),
  },
);
const batch: fc.Arbitrary<ModelCommand[]> = fc.oneof(
  { weight: 12, arbitrary: fc.array(command, { minLength: 2, maxLength: commandsInABatch }) },
  { weight: 1, arbitrary: fc.constant<ModelCommand[]>([{ do: "wait" }]) },
);
const policyChanges: fc.Arbitrary<PolicyChanges> = fc.constantFrom(
  {},
  { roles: { creator: "admin" as const } },
  { invites: { by: "owner" as const } },
  { seats: { basis: "excluding_owner" as const } },
  { seats: { countPending: false } },
);

/** One organization, and what the model believes of it. */
interface Run {
  context: ServiceContext;
  organizationId: string;
  policies: ModelPolicies;
  invites: Map<number, { id: string; token: string }>;
}

/** Carries out one command as its caller would, the look-up of their rights included. */
async function perform(run: Run, one: ModelCommand): Promise<void> {
  const { context, organizationId } = run;
  if (one.do === "setSeats") return setSeats(organizationId, one.seats);
  if (one.do === "wait") {
    await world.scratch.admin.query(
      "update headroom.dev_clock set clock_offset = clock_offset + interval '8 days'",
    );
    return;
  }
  const actor = persons[one.actor] as Person;
  const known = "link" in one ? run.invites.get(one.link) : undefined;
  const access = (permission: Parameters<typeof authorize>[3]) =>
    authorize(context, actor, organizationId, permission);
  switch (one.do) {
    case "invite": {
      const { email } = persons[one.invitee] as Person;
      const issued = await invite(context, organizationId, actor, email, one.role);
      run.invites.set(one.link, { id: rawId(issued.invite), token: issued.token });
      return;
    }
    case "revoke":
      await revokeInvite(context, await access("invites.manage"), {
        inviteId: known?.id ?? crypto.randomUUID(),
      });
      return;
    case "accept":
      await acceptInvite(context, actor, { token: known?.token ?? "unknown" });
      return;
    case "setRole": {
      const { userId } = persons[one.target] as Person;
      await setMemberRole(context, await access("members.change"), { userId, role: one.role });
      return;
    }
    case "remove": {
      const { userId } = persons[one.target] as Person;
      await removeMember(context, await access("members.view"), { userId });
      return;
    }
    case "leave":
      await leaveOrganization(context, await access("members.leave"));
  }
}

/** As a plan change does it: under the organization's lock. */
async function setSeats(organizationId: string, seats: number): Promise<void> {
  const client = await world.scratch.admin.connect();
  try {
    await client.query("begin");
    await client.query("select 1 from headroom.organization where id = $1 for no key update", [
      organizationId,
    ]);
    await client.query("update headroom.plan set seats_included = $1", [seats]);
    await client.query("commit");
  } finally {
    client.release();
  }
}

/**
 * Turns what was drawn into people and links that there are, mostly: members act, the latest links are taken up by
 * whom they are for. New links get their numbers.
 */
function place(drawn: ModelCommand, state: ModelState, nextLink: () => number): ModelCommand {
  if (drawn.do === "setSeats" || drawn.do === "wait") return drawn;
  const insiders = [...state.members.keys()];
  const actor = insiders[drawn.actor % (insiders.length + 1)] ?? drawn.actor;
  if (drawn.do === "invite") return { ...drawn, actor, link: nextLink() };
  if (drawn.do === "leave") return { ...drawn, actor };
  if (drawn.do === "setRole" || drawn.do === "remove") {
    return { ...drawn, actor, target: insiders[drawn.target % (insiders.length + 1)] ?? drawn.target };
  }
  const known = [...state.links.keys()].sort((one, other) => other - one);
  const link = known[drawn.link % (known.length + 1)] ?? -1;
  const invitee = state.links.get(link)?.invitee ?? drawn.actor;
  return { ...drawn, link, actor: drawn.do === "accept" && drawn.link % 4 > 0 ? invitee : actor };
}

/** What the tables show, in the model's words. */
async function look(organizationId: string): Promise<string> {
  const number = new Map(persons.map(({ userId }, index) => [userId, index]));
  const byEmail = new Map(persons.map(({ email }, index) => [email.toLowerCase(), index]));
  const { rows: members } = await world.scratch.admin.query<{ user_id: string; role: "owner" }>(
    "select user_id, role from headroom.membership where organization_id = $1",
    [organizationId],
  );
  const { rows: pending } = await world.scratch.admin.query<{ email_folded: string; role: "admin" }>(
    `select email_folded, role from headroom.invite where organization_id = $1 and status = 'pending'
       and expires_at > headroom.clock_now()`,
    [organizationId],
  );
  const { rows: plans } = await world.scratch.admin.query<{ seats: number }>(
    "select seats_included as seats from headroom.plan",
  );
  return visible({
    seats: plans[0]?.seats ?? -1,
    members: new Map(members.map((row) => [number.get(row.user_id) ?? -1, row.role])),
    links: new Map(
      pending.map((row, index) => {
        const invitee = byEmail.get(row.email_folded) ?? -1;
        return [index, { invitee, role: row.role, status: "pending", acceptedBy: null }];
      }),
    ),
  });
}

async function startRun(changes: PolicyChanges): Promise<{ run: Run; state: ModelState }> {
  const context = world.under(changes);
  const founder = persons[0] as Person;
  const organizationId = await world.organization(founder, context);
  const { policies } = context.configuration;
  await setSeats(organizationId, 3);
  return {
    run: { context, organizationId, policies, invites: new Map() },
    state: { seats: 3, members: new Map([[0, policies.roles.creator]]), links: new Map() },
  };
}

const commands = inject("modelCommands");

test(`${commands} commands, up to ${commandsInABatch} at once: some order of them explains every answer and the end`, async () => {
  const tally: Partial<Record<ModelAnswer, number>> = {};
  const runs = Math.ceil(commands / (batchesInARun * ((2 + commandsInABatch) / 2)));
  await fc.assert(
    fc.asyncProperty(
      policyChanges,
      fc.array(batch, { minLength: batchesInARun, maxLength: batchesInARun }),
      async (changes, batches) => {
        let { run, state } = await startRun(changes);
        let links = 0;
        for (const [round, drawn] of batches.entries()) {
          const numbered = drawn.map((one) => place(one, state, () => links++));
          const answers = await Promise.all(numbered.map((one) => outcomeOf(perform(run, one))));
          for (const answer of answers) tally[answer] = (tally[answer] ?? 0) + 1;
          const done = numbered.map((one, index) => ({
            command: one,
            answer: answers[index] as ModelAnswer,
          }));
          const seen = await look(run.organizationId);
          const next = explain(state, done, seen, run.policies);
          expect(
            next,
            `round ${round}: ${JSON.stringify({ before: visible(state), seats: state.seats, done, seen })}`,
          ).not.toBeNull();
          state = next as ModelState;
        }
      },
    ),
    { numRuns: runs, endOnFailure: false },
  );
  const performed = Object.values(tally).reduce((sum, times) => sum + times, 0);
  expect(performed).toBeGreaterThan(commands * 0.7);
  // A model that everything is refused to would agree with anything.
  expect(tally.ok, JSON.stringify(tally)).toBeGreaterThan(performed / 10);
  expect(tally.seat_limit_reached, JSON.stringify(tally)).toBeGreaterThan(0);
}, 3_600_000);
