import { createDatabase } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import type { Actor } from "@headroom/domain/actors";
import {
  type Configuration,
  defaultBilling,
  defaultCheckout,
  defaultPolicies,
  type Policies,
} from "@headroom/domain/configuration";
import type { ErrorCode } from "@headroom/domain/errors";
import { decodeId } from "@headroom/domain/ids";
import type { Permission, Role } from "@headroom/domain/permissions";
import { defaultRateLimits } from "@headroom/domain/rate-limits";
import { createLogger } from "@headroom/platform/log";
import { uuidv7 } from "@headroom/platform/uuid";
import { authorize } from "../access.ts";
import type { ServiceContext } from "../context.ts";
import { createSecretBox } from "../encryption.ts";
import { acceptInvite } from "../invite-acceptance.ts";
import type { IssuedInvite } from "../invite-views.ts";
import { issueInvite } from "../invites.ts";
import { createOrganization } from "../organization-creation.ts";
import { ensureUser } from "../users.ts";

export type Person = Extract<Actor, { kind: "user" }> & { email: string };

/** A database of its own with a default plan, and people who act in it through the services. */
export interface World {
  context: ServiceContext;
  scratch: TestDatabase;
  make: Factory;
  /** The same world under other policies. */
  under(policies: PolicyChanges): ServiceContext;
  person(email?: string, verified?: boolean): Promise<Person>;
  /** An organization's raw id; its founder has the top role. */
  organization(founder: Person, context?: ServiceContext): Promise<string>;
  /** Invites and accepts: the person is a member afterwards. */
  join(organizationId: string, inviter: Person, role?: Role, context?: ServiceContext): Promise<Person>;
  /** Sets the seats of the default plan, which every organization here is on. */
  seats(included: number): Promise<void>;
  roles(organizationId: string): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export type PolicyChanges = { [Area in keyof Policies]?: Partial<Policies[Area]> };

/** Enough connections that twenty callers really meet in the database. */
const connections = 24;

export async function createWorld(changes: PolicyChanges = {}): Promise<World> {
  const scratch = await createTestDatabase();
  const db = createDatabase({
    connectionString: scratch.url,
    role: "hr_api",
    applicationName: "headroom-test",
    max: connections,
  });
  const make = createFactory(scratch.admin);
  const pages = { dailyLimit: 100, included: null, overage: null };
  await make.plan("free", { pages });
  const context: ServiceContext = {
    db,
    configuration: configurationWith(changes),
    stripe: null,
    mail: null,
    log: createLogger({ service: "test", level: "silent" }),
    addresses: { inviteAccept: "https://app.example.com/join", console: "https://app.example.com" },
    environment: "test",
    webhooks: {
      secrets: createSecretBox([Buffer.alloc(32, 7)]),
      outbound: { allowHttp: true, allowInternal: true },
    },
  };
  return {
    context,
    scratch,
    make,
    under: (others) => ({ ...context, configuration: configurationWith(others) }),
    person: (email, verified) => signIn(context, email, verified),
    async organization(founder, within = context) {
      return rawId(await createOrganization(within, founder, { name: "Acme" }));
    },
    async join(organizationId, inviter, role = "member", within = context) {
      const person = await signIn(context);
      const { token } = await invite(within, organizationId, inviter, person.email, role);
      await acceptInvite(within, person, { token });
      return person;
    },
    async seats(included) {
      await scratch.admin.query("update headroom.plan set seats_included = $1", [included]);
    },
    async roles(organizationId) {
      const { rows } = await scratch.admin.query<{ role: string; members: string }>(
        "select role, count(*) as members from headroom.membership where organization_id = $1 group by role",
        [organizationId],
      );
      return Object.fromEntries(rows.map(({ role, members }) => [role, Number(members)]));
    },
    async close() {
      await db.close();
      await scratch.drop();
    },
  };
}

function configurationWith(changes: PolicyChanges): Configuration {
  const areas = Object.entries(defaultPolicies).map(([area, policies]) => [
    area,
    { ...policies, ...changes[area as keyof Policies] },
  ]);
  return {
    preset: null,
    modules: { profiles: true, conversations: true },
    meters: { pages: { displayName: "Pages" } },
    defaultMeter: "pages",
    plans: {},
    policies: Object.fromEntries(areas),
    billing: defaultBilling,
    checkout: defaultCheckout,
    rateLimits: defaultRateLimits,
    support: null,
    issuers: [],
  };
}

async function signIn(
  context: ServiceContext,
  email = `${uuidv7()}@example.com`,
  emailVerified = true,
): Promise<Person> {
  const identity = {
    issuer: "https://issuer.example.com",
    subject: uuidv7(),
    email,
    emailVerified,
    name: "Ada",
  };
  return { kind: "user", userId: (await ensureUser(context, identity)).userId, email };
}

/** An access for one call, as the api makes it. */
export function accessTo(
  context: ServiceContext,
  actor: Actor,
  organizationId: string,
  permission: Permission,
) {
  return authorize(context, actor, organizationId, permission);
}

/** An invite and its token, which the service only tells inside the link. */
export async function invite(
  context: ServiceContext,
  organizationId: string,
  inviter: Actor,
  email: string,
  role?: Role,
): Promise<{ invite: IssuedInvite; token: string }> {
  const access = await authorize(context, inviter, organizationId, "invites.manage");
  const issued = await issueInvite(context, access, { id: uuidv7(), email, role });
  return { invite: issued, token: tokenOf(issued) };
}

export function tokenOf(issued: IssuedInvite): string {
  return new URL(issued.inviteUrl ?? "").searchParams.get("token") ?? "";
}

export function rawId(view: { id: string }): string {
  const [prefix = ""] = view.id.split("_");
  return decodeId(prefix as "org", view.id) ?? "";
}

/** The code a call is refused with, or "ok". Anything but a refusal is thrown on. */
export async function outcomeOf(call: Promise<unknown>): Promise<ErrorCode | "ok"> {
  try {
    await call;
    return "ok";
  } catch (error) {
    const code = (error as { code?: ErrorCode }).code;
    if ((error as Error).name !== "DomainError" || code === undefined) {
      throw error;
    }
    return code;
  }
}

/** How often each outcome came. */
export async function tallyOf(calls: Promise<unknown>[]): Promise<Partial<Record<ErrorCode | "ok", number>>> {
  const tally: Partial<Record<ErrorCode | "ok", number>> = {};
  for (const outcome of await Promise.all(calls.map(outcomeOf))) {
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  return tally;
}
