import { createHash, randomBytes } from "node:crypto";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { uuidv7 } from "@headroom/platform/uuid";
import { authorize } from "@headroom/service/access";
import { createAlert } from "@headroom/service/alerts";
import { startCheckout } from "@headroom/service/checkout";
import type { ServiceContext } from "@headroom/service/context";
import { createConversation } from "@headroom/service/conversations";
import { acceptInvite } from "@headroom/service/invite-acceptance";
import { createOrganization } from "@headroom/service/organization-creation";
import { createApiKey } from "@headroom/service/organization-keys";
import { assignPlan } from "@headroom/service/plan-assignments";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { createProfile } from "@headroom/service/profiles";
import { reserve } from "@headroom/service/reservations";
import { cancelSubscription } from "@headroom/service/subscription-endings";
import { handOn } from "@headroom/service/testing/overrides";
import { deliver } from "@headroom/service/testing/plan-ladder";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { invite, rawId } from "@headroom/service/testing/world";
import { record } from "@headroom/service/usage";
import { ensureUser } from "@headroom/service/users";
import { testWebhook } from "@headroom/service/webhook-deliveries";
import { openWebhooks } from "@headroom/service/webhook-settings";
import { createWebhook } from "@headroom/service/webhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { issuerDefaults } from "./auth/issuers.ts";
import { appRouter } from "./router.ts";
import { ask } from "./testing/asking.ts";
import { startLiveServer, testIssuer } from "./testing/live-server.ts";
import { proceduresOf } from "./testing/permission-table.ts";

const work = "the members' everyday work, told by events: it gives and takes neither authority nor money";

/**
 * What one successful call of each mutation leaves in audit trails: changes of authority or money leave exactly one
 * entry, everything else none, with the reason. A mutation without a line here fails the first test.
 */
const mutations: Record<string, Mutation> = {
  "alerts.create": {
    leaves: ["alert.created"],
    call: async () => ({ input: { window: "day", percent: 80 } }),
  },
  "alerts.delete": {
    leaves: ["alert.deleted"],
    call: async ({ organizationId, owner }) => {
      const access = await authorize(api, owner, organizationId, "organization.update");
      return { input: { alertId: (await createAlert(api, access, { window: "day", units: 5 })).id } };
    },
  },
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
  "billing.setSeats": {
    leaves: ["seats.change_requested", "subscription.seats_changed"],
    call: async (stage) => {
      await pays(stage);
      return { input: { seats: 1 } };
    },
  },
  "billing.cancel": {
    leaves: ["subscription.cancel_requested", "subscription.cancel_scheduled"],
    call: async (stage) => {
      await pays(stage);
      return { input: {} };
    },
  },
  "billing.resume": {
    leaves: ["subscription.resume_requested", "subscription.cancel_withdrawn"],
    call: async (stage) => {
      await pays(stage);
      await cancelSubscription(api, await billingOf(stage), { when: "period_end" });
      return { input: {} };
    },
  },
  "billing.portal": {
    leaves: ["portal.opened"],
    call: async (stage) => {
      await pays(stage);
      return { input: {} };
    },
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
      input: { conversationId: await conversationOf(stage), userId: userIdOf((await memberOf(stage)).actor) },
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
      return { as: guest.token, input: { token }, withoutOrganization: true };
    },
  },
  "invites.bulk": {
    leaves: ["invite.created", "invite.created"],
    call: async () => ({ input: { invites: [{ email: "bob@example.com" }, { email: "eve@example.com" }] } }),
  },
  "invites.resend": {
    leaves: ["invite.resent"],
    call: async (stage) => ({ input: { inviteId: (await inviteOf(stage, "bob@example.com")).invite.id } }),
  },
  "invites.decline": {
    leaves: ["invite.declined"],
    call: async (stage) => {
      const { token } = await inviteOf(stage, "bob@example.com");
      return { input: { token }, withoutOrganization: true };
    },
  },
  "members.setRole": {
    leaves: ["member.role_changed"],
    call: async (stage) => ({ input: { userId: userIdOf((await memberOf(stage)).actor), role: "admin" } }),
  },
  "members.remove": {
    leaves: ["member.removed"],
    call: async (stage) => ({ input: { userId: userIdOf((await memberOf(stage)).actor) } }),
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
    call: async (stage) => ({ as: (await memberOf(stage)).token, input: {} }),
  },
  "organizations.transfer": {
    leaves: ["organization.ownership_transferred"],
    call: async (stage) => ({ input: { userId: userIdOf((await memberOf(stage)).actor) } }),
  },
  "organizations.delete": {
    leaves: ["organization.deleted"],
    call: async ({ organizationId }) => {
      const [row] = await bench.rows("select slug from headroom.organization where id = $1", organizationId);
      return { input: { slug: row?.slug } };
    },
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
  "overrides.set": {
    leaves: ["override.set"],
    call: async () => ({
      ...operatorCall,
      input: { kind: "daily_limit", name: "pages", value: 5, reason: "asked for" },
    }),
  },
  "overrides.remove": {
    leaves: ["override.removed"],
    call: async ({ organizationId }) => {
      await handOn(bench.api, organizationId).set("seats", null, 5);
      return { ...operatorCall, input: { kind: "seats" } };
    },
  },
  "operator.assignPlan": {
    leaves: ["plan_assignment.assigned"],
    call: async () => ({ ...operatorCall, input: { planId: "spare", reason: "asked for" } }),
  },
  "operator.removePlan": {
    leaves: ["plan_assignment.removed"],
    call: async ({ organizationId }) => {
      const operator = { kind: "operator", name: "kim" } as const;
      const access = await authorize(api, operator, organizationId, "overrides.manage");
      await assignPlan(api, access, { planId: "spare", reason: "asked for" });
      return { ...operatorCall, input: { reason: "over" } };
    },
  },
  "operator.resync": {
    leaves: ["subscription.resynced"],
    call: async (stage) => {
      await pays(stage);
      return { ...operatorCall, input: {} };
    },
  },
  "users.upsert": {
    leaves: [],
    because: "accounts belong to no organization, and a sign-in makes them just so",
    call: async () => ({
      as: (await createPlatformKey(api, { name: "back end", scopes: ["users:write"] })).secret,
      input: { issuer: testIssuer, subject: uuidv7() },
      withoutOrganization: true,
    }),
  },
  "webhooks.create": {
    leaves: ["webhook.created"],
    call: async () => ({ input: { url: "https://hooks.example.com/" } }),
  },
  "webhooks.update": {
    leaves: ["webhook.updated"],
    call: async (stage) => ({ input: { webhookId: await webhookOf(stage), description: "Orders" } }),
  },
  "webhooks.rotate": {
    leaves: ["webhook.rotated"],
    call: async (stage) => ({ input: { webhookId: await webhookOf(stage) } }),
  },
  "webhooks.delete": {
    leaves: ["webhook.deleted"],
    call: async (stage) => ({ input: { webhookId: await webhookOf(stage) } }),
  },
  "webhooks.test": {
    leaves: [],
    because: "a message to the organization's own endpoint",
    call: async (stage) => ({ input: { webhookId: await webhookOf(stage) } }),
  },
  "webhooks.redeliver": {
    leaves: [],
    because: "the same message once more",
    call: async (stage) => {
      const webhookId = await webhookOf(stage);
      const access = await authorize(api, stage.owner, stage.organizationId, "webhooks.manage");
      await testWebhook(api, access, { webhookId: webhookId.slice("whk_".length) });
      const [event] = await bench.rows(
        "select id from headroom.event where organization_id = $1 and name = 'webhook.test'",
        stage.organizationId,
      );
      return { input: { webhookId, eventId: `evt_${event?.id}` } };
    },
  },
  "usage.reserve": {
    leaves: [],
    because: "as usage.consume",
    call: async (stage) => ({ as: (await keyOf(stage)).secret ?? undefined, input: { quantity: 1 } }),
  },
  "usage.commit": {
    leaves: [],
    because: "as usage.consume",
    call: async (stage) => {
      const { as, reservationId } = await heldBy(stage);
      return { as, input: { reservationId } };
    },
  },
  "usage.release": {
    leaves: [],
    because: "as usage.consume",
    call: async (stage) => {
      const { as, reservationId } = await heldBy(stage);
      return { as, input: { reservationId } };
    },
  },
  "usage.void": {
    leaves: ["usage.voided"],
    call: async (stage) => {
      const { as, caller } = await meteringOf(stage);
      await record(bench.api, caller, [{ quantity: 1, idempotencyKey: "k" }]);
      return { as, input: { idempotencyKey: "k" } };
    },
  },
  "usage.consume": {
    leaves: [],
    because: "the event itself is the record; usage is neither authority nor money yet",
    call: async (stage) => ({
      as: (await keyOf(stage)).secret ?? undefined,
      input: { quantity: 1, idempotencyKey: "k" },
    }),
  },
  "usage.record": {
    leaves: [],
    because: "as usage.consume",
    call: async (stage) => ({
      as: (await keyOf(stage)).secret ?? undefined,
      input: { quantity: 1, idempotencyKey: "k" },
    }),
  },
};

type Mutation = { call: (stage: Stage) => Promise<Call> } & (
  | { leaves: [string, ...string[]] }
  | { leaves: []; because: string }
);

type Stage = { organizationId: string; owner: Actor; token: string };

type Call = {
  /** A token or an API key; the owner's token when absent. */
  as?: string | undefined;
  /** Beside `organizationId`, which is the stage's. */
  input: Record<string, unknown>;
  withoutOrganization?: boolean;
  headers?: Record<string, string>;
};

const operatorCall = { as: "operator", headers: { "headroom-operator": "true" } };

let bench: StripeBench;
let api: ServiceContext;
let server: HttpServer;
beforeAll(async () => {
  bench = await createStripeBench();
  api = {
    ...bench.api,
    configuration: {
      ...bench.configuration,
      modules: { profiles: true, conversations: true },
      policies: { ...bench.configuration.policies, ownership: { transfer: "owner" } },
      issuers: [{ ...issuerDefaults, issuer: testIssuer, audience: "headroom" }],
    },
    webhooks: openWebhooks({
      SECRETS_KEY: [randomBytes(32)],
      WEBHOOKS_ALLOW_INTERNAL: false,
      HEADROOM_ENV: "test",
    }),
  };
  server = await startLiveServer(api, { operators: ["operator"] });
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
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

async function signIn() {
  const token = uuidv7();
  const email = `${token}@example.com`;
  const identity = { issuer: testIssuer, subject: token, email, emailVerified: true, name: token };
  const { userId } = await ensureUser(bench.api, identity);
  return { token, email, actor: { kind: "user", userId } as const };
}

async function createStage(): Promise<Stage> {
  const { actor: owner, token } = await signIn();
  return {
    owner,
    token,
    organizationId: rawId(await createOrganization(bench.api, owner, { name: "Acme" })),
  };
}

async function keyOf({ organizationId, owner }: Stage) {
  const access = await authorize(bench.api, owner, organizationId, "keys.manage");
  return createApiKey(bench.api, access, { name: "CI", scopes: ["usage:write"] });
}

async function meteringOf(stage: Stage) {
  const as = (await keyOf(stage)).secret ?? "";
  return { as, caller: { credential: createHash("sha256").update(as).digest(), organizationId: null } };
}

async function heldBy(stage: Stage) {
  const { as, caller } = await meteringOf(stage);
  const { reservation } = await reserve(bench.api, caller, { quantity: 1, ttlSeconds: 600 });
  return { as, reservationId: reservation?.id };
}

const inviteOf = ({ organizationId, owner }: Stage, email: string) =>
  invite(bench.api, organizationId, owner, email);

async function memberOf(stage: Stage) {
  const guest = await signIn();
  const { token } = await inviteOf(stage, guest.email);
  await acceptInvite(bench.api, guest.actor, { token });
  return guest;
}

async function conversationOf({ organizationId, owner }: Stage): Promise<string> {
  const access = await authorize(bench.api, owner, organizationId, "conversations.write");
  return (await createConversation(bench.api, access, { subject: "Help" })).id;
}

async function profileOf({ organizationId, owner }: Stage): Promise<string> {
  const access = await authorize(bench.api, owner, organizationId, "profiles.own");
  return (await createProfile(bench.api, access, { name: "Red" })).id;
}

async function webhookOf({ organizationId, owner }: Stage): Promise<string> {
  const access = await authorize(api, owner, organizationId, "webhooks.manage");
  return (await createWebhook(api, access, { url: "https://hooks.example.com/" })).id;
}

const billingOf = ({ organizationId, owner }: Stage) =>
  authorize(api, owner, organizationId, "billing.manage");

/** The organization pays for pro from now on. */
async function pays(stage: Stage): Promise<void> {
  await bench.pay((await startCheckout(api, await billingOf(stage), { planId: "pro" })).checkoutUrl);
  await deliver(bench, stage.organizationId);
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

const declared = proceduresOf(appRouter)
  .filter(({ type }) => type === "mutation")
  .map(({ name }) => name);

test.each(declared)("%s says what it leaves in the audit trail", (name) => {
  const hint = `add "${name}" to the table \`mutations\` in audited-mutations.int.test.ts: the audit actions that one call leaves, or none and the reason, and how to call it`;
  expect(Object.keys(mutations), hint).toContain(name);
});

test("no line of the table is about a mutation that is gone", () => {
  expect(Object.keys(mutations).filter((name) => !declared.includes(name))).toEqual([]);
});

test.each(Object.entries(mutations))("%s leaves exactly that", async (name, { call, leaves }) => {
  const stage = await createStage();
  const { as = stage.token, input, withoutOrganization = false, headers: more } = await call(stage);
  const before = await trail();
  const organization = withoutOrganization ? {} : { organizationId: encodeId("org", stage.organizationId) };
  const headers = { authorization: `Bearer ${as}`, ...more };
  const answer = await ask(server.url, { name, type: "mutation" }, headers, { ...organization, ...input });
  expect(answer).toMatchObject({ status: 200 });
  const after = await trail();
  expect(after.slice(before.length)).toEqual(leaves);
});
