import { createTestDatabase } from "@headroom/db/testing/database";
import type { PresetName } from "@headroom/domain/configuration";
import { decodeId, type IdPrefix } from "@headroom/domain/ids";
import { createLogger } from "@headroom/platform/log";
import { parseConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import type { Mail } from "@headroom/service/mail/transport";
import { sendOutboxMail } from "@headroom/service/notifications";
import { createOrganization } from "@headroom/service/organization-creation";
import { pushPlans } from "@headroom/service/plans";
import { presets } from "@headroom/service/presets/presets";
import { identityOf, startLiveServer } from "./live-server.ts";

/** What was answered. `body` is the parsed JSON. */
type Reply = {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a walk reads what any endpoint of any source answers
  body: any;
};

/**
 * The api over HTTP as a preset configures it (null: with plans, and no preset): its plans are pushed into a database
 * of its own, and what the worker does with mail is done here. A bearer token is a person's name; who is called `unverified…` has no verified address.
 */
export async function startWalk(preset: PresetName | null, more: { support?: string } = {}) {
  const scratch = await createTestDatabase();
  const worker = await scratch.connect("hr_worker");
  const mails: Mail[] = [];
  const service: ServiceContext = {
    db: await scratch.connect("hr_api"),
    configuration:
      preset === null ? parseConfiguration(presets.overages) : parseConfiguration({ preset, ...more }),
    stripe: null,
    mail: null,
    log: createLogger({ service: "test", level: "silent" }),
    addresses: { inviteAccept: "https://app.example.com/join", console: "https://app.example.com" },
    inviteLinkKey: "a key of thirty-two bytes or more",
    environment: "test",
  };
  await pushPlans({ ...service, db: worker }, { dryRun: false });
  const server = await startLiveServer(service, {
    verifyToken: async (token) => ({
      ...(await identityOf(token)),
      emailVerified: !token.startsWith("unverified"),
    }),
  });
  const mailer = { send: async (mail: Mail) => void mails.push(mail) };
  let hasMailer = true;
  const stopPostman = startPostman(async () => {
    const { rows } = await scratch.admin.query<{ organizationId: string; id: string }>(
      `select organization_id as "organizationId", id from headroom.outbox where status = 'pending'`,
    );
    for (const job of rows) {
      await sendOutboxMail({ ...service, db: worker, mail: hasMailer ? mailer : null }, job);
    }
  });

  /** Calls a path from the root, as a person or as nobody. */
  async function call(as: string | null, method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(as === null ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  }

  return {
    url: server.url,
    call,
    /** The link in the last mail to an address. */
    linkMailedTo(email: string): string {
      const mail = mails.findLast(({ to }) => to === email);
      return mail?.text.match(/https:\S+/)?.[0] ?? "";
    },
    /** A statement as the superuser, for what the operator or the time would bring about. */
    sql: (text: string, values: unknown[] = []) => scratch.admin.query(text, values),
    /** The person's id, on their first sign-in. */
    async userId(person: string): Promise<string> {
      return (await call(person, "GET", "/v1/me")).body.user.id;
    },
    /** Gives an organization a plan, as an operator would. */
    async assignPlan(organizationId: string, planId: string): Promise<void> {
      const id = rawId("org", organizationId);
      await scratch.admin.query(
        `update headroom.subscription set plan_id = $2, plan_version = 1, source = 'operator', state = 'active',
           overage_allowed = true, anchor = now() where organization_id = $1`,
        [id, planId],
      );
      await scratch.admin.query("select headroom.refresh_limits($1)", [id]);
    },
    /** An organization that came about before `organizations.createRequires` asked for anything; its id. */
    async found(person: string, name: string): Promise<string> {
      const userId = rawId("usr", (await call(person, "GET", "/v1/me")).body.user.id);
      const { policies } = service.configuration;
      const organizations = { ...policies.organizations, createRequires: null };
      const configuration = { ...service.configuration, policies: { ...policies, organizations } };
      const actor = { kind: "user", userId } as const;
      return (await createOrganization({ ...service, configuration }, actor, { name })).id;
    },
    /** Takes the mailer away, or gives it back. */
    setMailer(has: boolean): void {
      hasMailer = has;
    },
    /** Moves the clock of the database ahead. */
    async moveClock(days: number): Promise<void> {
      await scratch.admin.query("update headroom.dev_clock set clock_offset = make_interval(days => $1)", [
        days,
      ]);
    },
    async close(): Promise<void> {
      await server.close();
      await stopPostman();
      await scratch.drop();
    },
  };
}

export type Walk = Awaited<ReturnType<typeof startWalk>>;

export function emailOf(person: string): string {
  return `${person}@example.com`;
}

/** The bare UUID of an id. */
export function rawId(prefix: IdPrefix, id: string): string {
  const raw = decodeId(prefix, id);
  if (raw === null) throw new Error(`${id} is not an id`);
  return raw;
}

function startPostman(deliver: () => Promise<void>): () => Promise<void> {
  let isStopped = false;
  const rounds = (async () => {
    while (!isStopped) {
      await deliver();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    isStopped = true;
    await rounds;
  };
}
