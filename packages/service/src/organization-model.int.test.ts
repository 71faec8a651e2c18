import type { Permission } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { authorize } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { declineInvite } from "./invite-preview.ts";
import { reissueInvite } from "./invite-resending.ts";
import { issueInvite, revokeInvite } from "./invites.ts";
import { leaveOrganization, removeMember, setMemberRole } from "./members.ts";
import { transferOwnership } from "./organization-transfer.ts";
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
  outcomeOf,
  type Person,
  type PolicyChanges,
  rawId,
  tokenOf,
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
const place = fc.nat({ max: 9 });
const role = fc.constantFrom("admin" as const, "member" as const);

const weighted = <Command extends ModelCommand>(weight: number, arbitrary: fc.Arbitrary<Command>) => ({
  weight,
  arbitrary: arbitrary as fc.Arbitrary<ModelCommand>,
});
const kind = <const Kind extends string>(name: Kind) => fc.constant(name);

/** People and invites are drawn as places in the lists of those there are; `settle` names them. */
const command: fc.Arbitrary<ModelCommand> = fc.oneof(
  weighted(6, fc.record({ do: kind("invite"), actor: person, invitee: person, role, invite: place })),
  weighted(8, fc.record({ do: kind("accept"), actor: person, invite: place, version: place })),
  weighted(2, fc.record({ do: kind("revoke"), actor: person, invite: place })),
  weighted(2, fc.record({ do: kind("resend"), actor: person, invite: place })),
  weighted(1, fc.record({ do: kind("decline"), invite: place, version: place })),
  weighted(4, fc.record({ do: kind("setRole"), actor: person, target: person, role })),
  weighted(3, fc.record({ do: kind("remove"), actor: person, target: person })),
  weighted(2, fc.record({ do: kind("transfer"), actor: person, target: person })),
  weighted(2, fc.record({ do: kind("leave"), actor: person })),
  weighted(1, fc.record({ do: kind("setSeats"), seats: fc.nat({ max: people }) })),
);
const batch: fc.Arbitrary<ModelCommand[]> = fc.oneof(
  { weight: 12, arbitrary: fc.array(command, { minLength: 2, maxLength: commandsInABatch }) },
  { weight: 1, arbitrary: fc.constant<ModelCommand[]>([{ do: "wait" }]) },
);
const policyChanges: fc.Arbitrary<PolicyChanges> = fc.constantFrom(
  {},
  { ownership: { transfer: "owner" as const } },
  { roles: { creator: "admin" as const } },
  { invites: { by: "owner" as const } },
  { invites: { mode: "direct" as const } },
  { seats: { basis: "excluding_owner" as const }, ownership: { transfer: "owner" as const } },
  { seats: { countPending: false } },
);

/** One organization, and what the model believes of it. */
interface Run {
  context: ServiceContext;
  organizationId: string;
  policies: ModelPolicies;
  /** The tokens of an invite's links, the first one's at 1. */
  invites: Map<number, { id: string; tokens: string[] }>;
}

/** Carries out one command as its caller would, the look-up of their rights included. */
async function perform(run: Run, one: ModelCommand): Promise<void> {
  const { context, organizationId } = run;
  if (one.do === "setSeats") return setSeats(organizationId, one.seats);
  if (one.do === "wait") {
    const later = "update headroom.dev_clock set clock_offset = clock_offset + interval '8 days'";
    await world.scratch.admin.query(later);
    return;
  }
  const known = "invite" in one ? run.invites.get(one.invite) : undefined;
  const token = "version" in one ? (known?.tokens[one.version] ?? "unknown") : "unknown";
  if (one.do === "decline") {
    await declineInvite(context, { token });
    return;
  }
  const actor = persons[one.actor] as Person;
  if (one.do === "accept") {
    await acceptInvite(context, actor, { token });
    return;
  }
  const access = (permission: Permission) => authorize(context, actor, organizationId, permission);
  const userId = "target" in one ? (persons[one.target] as Person).userId : "";
  const inviteId = known?.id ?? crypto.randomUUID();
  switch (one.do) {
    case "invite": {
      const { email } = persons[one.invitee] as Person;
      const asked = { id: uuidv7(), email, role: one.role };
      const issued = await issueInvite(context, await access("invites.manage"), asked);
      const tokens = issued.inviteUrl === null ? [] : ["", tokenOf(issued)];
      run.invites.set(one.invite, { id: rawId(issued), tokens });
      return;
    }
    case "revoke":
      await revokeInvite(context, await access("invites.manage"), { inviteId });
      return;
    case "resend": {
      const issued = await reissueInvite(context, await access("invites.manage"), { inviteId });
      if (known !== undefined) known.tokens[issued.version] = tokenOf(issued.invite);
      return;
    }
    case "setRole":
      await setMemberRole(context, await access("members.change"), { userId, role: one.role });
      return;
    case "remove":
      await removeMember(context, await access("members.view"), { userId });
      return;
    case "transfer":
      await transferOwnership(context, await access("organization.transfer"), { userId });
      return;
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
 * Turns what was drawn into people and invites that there are, mostly: members act, the latest invites are taken up by
 * whom they are for, through their latest link. New invites get their numbers.
 */
function settle(drawn: ModelCommand, state: ModelState, nextInvite: () => number): ModelCommand {
  if (drawn.do === "setSeats" || drawn.do === "wait") return drawn;
  const insiders = [...state.members.keys()];
  const member = (at: number) => insiders[at % (insiders.length + 1)] ?? at % people;
  const numbers = [...state.invites.keys()].sort((one, other) => other - one);
  const settled = { ...drawn };
  if ("actor" in settled) settled.actor = member(settled.actor);
  if ("target" in settled) settled.target = member(settled.target);
  if (settled.do === "invite") return { ...settled, invite: nextInvite() };
  if (!("invite" in settled)) return settled;
  settled.invite = numbers[settled.invite % (numbers.length + 1)] ?? -1;
  const known = state.invites.get(settled.invite);
  if (!("version" in settled) || known === undefined) return settled;
  const isUsual = settled.version % 4 > 0;
  settled.version = isUsual ? known.version : known.version - 1;
  if (settled.do === "accept" && isUsual) settled.actor = known.invitee;
  return settled;
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
    invites: new Map(
      pending.map((row, index) => {
        const invitee = byEmail.get(row.email_folded) ?? -1;
        return [index, { invitee, role: row.role, status: "pending", acceptedBy: null, version: 1 }];
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
    state: { seats: 3, members: new Map([[0, policies.roles.creator]]), invites: new Map() },
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
        let invites = 0;
        for (const [round, drawn] of batches.entries()) {
          const numbered = drawn.map((one) => settle(one, state, () => invites++));
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
