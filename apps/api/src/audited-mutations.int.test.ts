import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { authorize } from "@headroom/service/access";
import type { ServiceContext } from "@headroom/service/context";
import { createConversation } from "@headroom/service/conversations";
import { acceptInvite } from "@headroom/service/invite-acceptance";
import { createOrganization } from "@headroom/service/organization-creation";
import { createApiKey } from "@headroom/service/organization-keys";
import { createProfile } from "@headroom/service/profiles";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { invite, rawId } from "@headroom/service/testing/world";
import { createUsageLane, type UsageLane } from "@headroom/service/usage-lane";
import { ensureUser } from "@headroom/service/users";
import { type AnyTRPCProcedure, callTRPCProcedure } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appRouter } from "./router.ts";

const work = "the members' everyday work, told by events: it gives and takes neither authority nor money";

/**
 * What one successful call of each mutation leaves in audit trails: changes of authority or money leave exactly one
 * entry, everything else none, with the reason. A mutation without a line here fails the first test.
 */
const mutations: Record<string, Mutation> = {
  "apiKeys.create": {
    leaves: ["api_key.created"],
    call: async () => ({ input: { name: "CI", scopes: ["usage:write"] } }),
  },
  "apiKeys.revoke": {
    leaves: ["api_key.revoked"],
    call: async (stage) => ({ input: { keyId: (await keyOf(stage)).id } }),
  },
  "apiKeys.rotate": {
    leaves: ["api_key.rotated"],
    call: async (stage) => ({ input: { keyId: (await keyOf(stage)).id } }),
  },
  "billing.changePlan": {
    leaves: ["plan.changed"],
    call: async () => ({ input: { planId: "spare" } }),
  },
  "billing.checkout": {
    leaves: ["checkout.started"],
    call: async () => ({ input: { planId: "pro" } }),
  },
  "conversations.create": { leaves: [], because: work, call: async () => ({ input: { subject: "Help" } }) },
  "conversations.close": {
    leaves: [],
    because: work,
    call: async (stage) => ({ input: { conversationId: await conversationOf(stage) } }),
  },
  "conversations.reopen": {
    leaves: [],
    because: work,
    call: async (stage) => {
      const conversationId = await conversationOf(stage);
      await bench.rows("update headroom.conversation set status = 'closed', closed_at = now()");
      return { input: { conversationId } };
    },
  },
  "conversations.assign": {
    leaves: [],
    because: work,
    call: async (stage) => ({
      input: { conversationId: await conversationOf(stage), userId: userIdOf(await memberOf(stage)) },
    }),
  },
  "profiles.create": { leaves: [], because: work, call: async () => ({ input: { name: "Red" } }) },
  "profiles.update": {
    leaves: [],
    because: work,
    call: async (stage) => ({ input: { profileId: await profileOf(stage), name: "Blue" } }),
  },
  "profiles.delete": {
    leaves: [],
    because: work,
    call: async (stage) => ({ input: { profileId: await profileOf(stage) } }),
  },
  "invites.create": {
    leaves: ["invite.created"],
    call: async () => ({ input: { email: "bob@example.com" } }),
  },
  "invites.revoke": {
    leaves: ["invite.revoked"],
    call: async (stage) => ({ input: { inviteId: (await inviteOf(stage, "bob@example.com")).invite.id } }),
  },
  "invites.accept": {
    leaves: ["invite.accepted"],
    call: async (stage) => {
      const guest = await signIn();
      const { token } = await inviteOf(stage, guest.email);
      return { as: guest.actor, input: { token }, withoutOrganization: true };
    },
  },
  "members.setRole": {
    leaves: ["member.role_changed"],
    call: async (stage) => ({ input: { userId: userIdOf(await memberOf(stage)), role: "admin" } }),
  },
  "members.remove": {
    leaves: ["member.removed"],
    call: async (stage) => ({ input: { userId: userIdOf(await memberOf(stage)) } }),
  },
  "organizations.create": {
    leaves: ["organization.created"],
    call: async () => ({ input: { name: "Another" }, withoutOrganization: true }),
  },
  "organizations.update": {
    leaves: ["organization.updated"],
    call: async () => ({ input: { name: "Renamed" } }),
  },
  "organizations.switch": {
    leaves: [],
    because: "the caller's own view: it gives and takes nothing",
    call: async () => ({ input: {} }),
  },
  "organizations.leave": {
    leaves: ["member.left"],
    call: async (stage) => ({ as: await memberOf(stage), input: {} }),
  },
  "organizations.setMaxOverages": {
    leaves: ["max_overage.changed"],
    call: async ({ organizationId }) => {
      await bench.rows(
        "update headroom.subscription set base_plan_id = 'pro' where organization_id = $1",
        organizationId,
      );
      return { input: { meter: "jobs", units: 5 } };
    },
  },
  "usage.consume": {
    leaves: [],
    because: "the event itself is the record; usage is neither authority nor money yet",
    call: async (stage) => ({
      apiKey: (await keyOf(stage)).secret,
      input: { quantity: 1, idempotencyKey: "k" },
    }),
  },
  "usage.record": {
    leaves: [],
    because: "as usage.consume",
    call: async (stage) => ({
      apiKey: (await keyOf(stage)).secret,
      input: { quantity: 1, idempotencyKey: "k" },
    }),
  },
};

type Mutation = { call: (stage: Stage) => Promise<Call> } & (
  | { leaves: [string, ...string[]] }
  | { leaves: []; because: string }
);

type Stage = { organizationId: string; owner: Actor };

type Call = {
  /** The owner when absent. */
  as?: Actor;
  /** Instead of an actor, for metering. */
  apiKey?: string | null;
  /** Beside `organizationId`, which is the stage's. */
  input: Record<string, unknown>;
  withoutOrganization?: boolean;
};

let bench: StripeBench;
let api: ServiceContext;
let usageLane: UsageLane;
beforeAll(async () => {
  bench = await createStripeBench();
  api = {
    ...bench.api,
    configuration: { ...bench.configuration, modules: { profiles: true, conversations: true } },
  };
  usageLane = createUsageLane(bench.api.db);
  await bench.rows("update headroom.plan set seats_included = 50");
  // Another free plan, to change to without Stripe.
  await bench.rows(`with spare as (
      insert into headroom.plan select (jsonb_populate_record(p, '{"id": "spare", "is_default": false}')).*
      from headroom.plan p where id = 'free' returning id)
    select from spare`);
  await bench.rows(
    `insert into headroom.plan_meter select (jsonb_populate_record(m, '{"plan_id": "spare"}')).*
     from headroom.plan_meter m where plan_id = 'free'`,
  );
});
afterAll(() => bench?.close());

async function signIn() {
  const email = `${uuidv7()}@example.com`;
  const identity = {
    issuer: "https://issuer.example.com",
    subject: email,
    email,
    emailVerified: true,
    name: "Bob",
  };
  const { userId } = await ensureUser(bench.api, identity);
  return { email, actor: { kind: "user", userId } as const };
}

async function createStage(): Promise<Stage> {
  const { actor: owner } = await signIn();
  return { owner, organizationId: rawId(await createOrganization(bench.api, owner, { name: "Acme" })) };
}

async function keyOf({ organizationId, owner }: Stage) {
  const access = await authorize(bench.api, owner, organizationId, "keys.manage");
  return createApiKey(bench.api, access, { name: "CI", scopes: ["usage:write"] });
}

const inviteOf = ({ organizationId, owner }: Stage, email: string) =>
  invite(bench.api, organizationId, owner, email);

async function memberOf(stage: Stage): Promise<Extract<Actor, { kind: "user" }>> {
  const guest = await signIn();
  const { token } = await inviteOf(stage, guest.email);
  await acceptInvite(bench.api, guest.actor, { token });
  return guest.actor;
}

async function conversationOf({ organizationId, owner }: Stage): Promise<string> {
  const access = await authorize(bench.api, owner, organizationId, "conversations.write");
  return (await createConversation(bench.api, access, { subject: "Help" })).id;
}

async function profileOf({ organizationId, owner }: Stage): Promise<string> {
  const access = await authorize(bench.api, owner, organizationId, "profiles.own");
  return (await createProfile(bench.api, access, { name: "Red" })).id;
}

const userIdOf = (actor: { userId: string }) => encodeId("usr", actor.userId);

/** The actions in all trails, the operators' among them, oldest first. */
async function trail(): Promise<string[]> {
  const rows = await bench.rows(
    `select action from (
       select action, at, seq, 1 as part from headroom.audit_entry
       union all select action, at, seq, 2 from headroom.operator_entry) e order by at, part, seq`,
  );
  return rows.map(({ action }) => String(action));
}

const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyTRPCProcedure>);
const declared = procedures.filter(([, { _def }]) => _def.type === "mutation").map(([name]) => name);

test.each(declared)("%s says what it leaves in the audit trail", (name) => {
  const hint = `add "${name}" to the table \`mutations\` in audited-mutations.int.test.ts: the audit actions that one call leaves, or none and the reason, and how to call it`;
  expect(Object.keys(mutations), hint).toContain(name);
});

test("no line of the table is about a mutation that is gone", () => {
  expect(Object.keys(mutations).filter((name) => !declared.includes(name))).toEqual([]);
});

test.each(Object.entries(mutations))("%s leaves exactly that", async (path, { call, leaves }) => {
  const stage = await createStage();
  const { as = stage.owner, apiKey = null, input, withoutOrganization = false } = await call(stage);
  const before = await trail();
  const organization = withoutOrganization ? {} : { organizationId: encodeId("org", stage.organizationId) };
  await callTRPCProcedure({
    router: appRouter,
    path,
    type: "mutation",
    ctx: {
      service: api,
      authenticate: async () => as,
      apiKey,
      usageLane,
      requestId: "audited",
      idempotencyKey: null,
      signal: undefined,
    },
    getRawInput: async () => ({ ...organization, ...input }),
    signal: undefined,
    batchIndex: 0,
  });
  const after = await trail();
  expect(after.slice(before.length)).toEqual(leaves);
});
