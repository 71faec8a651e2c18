import { createDatabase, type Database } from "@headroom/db/client";
import { readClock } from "@headroom/db/clock";
import { withOrganization } from "@headroom/db/tenancy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInvite, listInvites, revokeInvite } from "./invites.ts";
import { type Mail, MailRefusedError } from "./mail/transport.ts";
import { removeMember } from "./members.ts";
import { queueMail, sendOutboxMail } from "./notifications.ts";
import { changeOrganization } from "./organizations.ts";
import { accessTo, createWorld, invite, rawId, type World } from "./testing/world.ts";

let world: World;
/** As the worker connects: it may not read what the api may. */
let workerDb: Database;
beforeAll(async () => {
  world = await createWorld();
  workerDb = createDatabase({
    connectionString: world.scratch.url,
    role: "hr_worker",
    applicationName: "headroom-test",
  });
});
afterAll(async () => {
  await workerDb?.close();
  await world?.close();
});

function workerWith(send: ((mail: Mail) => Promise<void>) | null) {
  return { ...world.context, db: workerDb, mail: send === null ? null : { send } };
}

async function queued() {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const { token, invite: issued } = await invite(world.context, organization, owner, "grace@example.com");
  const { rows } = await world.scratch.admin.query(
    "select id from headroom.outbox where organization_id = $1",
    [organization],
  );
  const job = { organizationId: organization, id: rows[0]?.id as string };
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  const row = async () => {
    const { rows: found } = await world.scratch.admin.query("select * from headroom.outbox where id = $1", [
      job.id,
    ]);
    return found[0];
  };
  return { organization, token, issued, job, access, row };
}

test("sends once, says so in the list, and forgets the link", async () => {
  const { token, job, access, row } = await queued();
  const sent: Mail[] = [];
  const worker = workerWith(async (mail) => {
    sent.push(mail);
  });
  expect(JSON.stringify((await row()).payload)).toContain(token);
  await sendOutboxMail(worker, job);
  await sendOutboxMail(worker, job);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ id: job.id, to: "grace@example.com", subject: "Join Acme" });
  expect(sent[0]?.text).toContain(`https://app.example.com/join?token=${token}`);
  expect(await row()).toMatchObject({ status: "sent", attempts: 1 });
  expect(JSON.stringify((await row()).payload)).not.toContain(token);
  const { invites } = await listInvites(world.context, access, { limit: 10 });
  expect(invites[0]?.emailDelivery).toBe("sent");
});

test("a failure is told, thrown for another try, and overcome", async () => {
  const { token, job, row } = await queued();
  const refusing = workerWith(() => Promise.reject(new Error("mailbox busy")));
  await expect(sendOutboxMail(refusing, job)).rejects.toThrow("mailbox busy");
  expect(await row()).toMatchObject({ status: "failed", attempts: 1, last_error: "mailbox busy" });
  const sent: Mail[] = [];
  await sendOutboxMail(
    workerWith(async (mail) => {
      sent.push(mail);
    }),
    job,
  );
  expect(sent[0]?.text).toContain(token);
  expect(await row()).toMatchObject({ status: "sent", attempts: 2, last_error: null });
});

test("gives up after ten attempts without throwing, and forgets the link", async () => {
  const { token, job, row } = await queued();
  await world.scratch.admin.query("update headroom.outbox set attempts = 9 where id = $1", [job.id]);
  await sendOutboxMail(
    workerWith(() => Promise.reject(new Error("no such mailbox"))),
    job,
  );
  expect(await row()).toMatchObject({ status: "failed", attempts: 10 });
  expect(JSON.stringify((await row()).payload)).not.toContain(token);
});

test("gives up at once what the receiving side refuses for good, and what is no address", async () => {
  const { token, job, row } = await queued();
  await sendOutboxMail(
    workerWith(() => Promise.reject(new MailRefusedError("550 no such mailbox"))),
    job,
  );
  expect(await row()).toMatchObject({ status: "failed", attempts: 1, last_error: "550 no such mailbox" });
  expect(JSON.stringify((await row()).payload)).not.toContain(token);

  const sent: Mail[] = [];
  const second = await queued();
  await world.scratch.admin.query(
    `update headroom.outbox set payload = jsonb_set(payload, '{to}', '"a@example.com\\r\\nBcc: eve@example.com"') where id = $1`,
    [second.job.id],
  );
  await sendOutboxMail(
    workerWith(async (mail) => {
      sent.push(mail);
    }),
    second.job,
  );
  expect(sent).toEqual([]);
  expect(await second.row()).toMatchObject({ status: "failed", attempts: 1 });
});

test("sends every template, each once a key", async () => {
  const owner = await world.person();
  const organizationId = await world.organization(owner);
  const mail = {
    organizationId,
    template: "alert" as const,
    to: owner.email,
    facts: {
      organizationName: "Acme",
      meter: "Pages",
      threshold: { kind: "percent" as const, value: 80, of: "daily_limit" as const },
      used: 80,
      limit: 100,
      window: "day" as const,
      resetsAt: "2026-12-01T00:00:00.000Z",
      over: false,
    },
    dedupeKey: "alert:1",
  };
  const queue = () =>
    withOrganization(world.context.db, organizationId, async (tx) =>
      queueMail(tx, { ...mail, at: await readClock(tx) }),
    );
  expect([await queue(), await queue()]).toEqual([true, false]);
  const { rows } = await world.scratch.admin.query(
    "select id from headroom.outbox where organization_id = $1",
    [organizationId],
  );
  expect(rows).toHaveLength(1);
  const sent: Mail[] = [];
  const worker = workerWith(async (one) => {
    sent.push(one);
  });
  const job = { organizationId, id: rows[0].id };
  await sendOutboxMail(worker, job);
  await sendOutboxMail(worker, job);
  expect(sent).toMatchObject([
    { id: job.id, to: owner.email, template: "alert", variables: { link: "https://app.example.com/" } },
  ]);
});

test("skips where there is no mailer, and where the invite has ended", async () => {
  const first = await queued();
  await sendOutboxMail(workerWith(null), first.job);
  expect(await first.row()).toMatchObject({ status: "skipped" });

  const second = await queued();
  await revokeInvite(world.context, second.access, { inviteId: rawId(second.issued) });
  const sent: Mail[] = [];
  await sendOutboxMail(
    workerWith(async (mail) => {
      sent.push(mail);
    }),
    second.job,
  );
  expect(sent).toEqual([]);
  expect(await second.row()).toMatchObject({ status: "skipped" });
});

test("skips what tells of an organization to who has left it since, or whose billing address it was", async () => {
  const owner = await world.person();
  const organizationId = await world.organization(owner);
  const gone = await world.join(organizationId, owner, "admin");
  const settings = await accessTo(world.context, owner, organizationId, "organization.update");
  const bill = (billingEmail: string) =>
    changeOrganization(world.context, settings, { settings: { billingEmail } });
  await bill("Old.Billing@example.com");
  const addresses = [owner.email, gone.email, "old.billing@example.com", "billing@example.com"];
  const at = await withOrganization(world.context.db, organizationId, readClock);
  const facts = { organizationName: "Acme", limit: 1, members: 1, pending: 0, upgradePlans: [] };
  for (const to of addresses) {
    await withOrganization(world.context.db, organizationId, (tx) =>
      queueMail(tx, { organizationId, template: "seat_limit", to, facts, dedupeKey: `seat_limit:${to}`, at }),
    );
  }
  await bill("Billing@example.com");
  const access = await accessTo(world.context, owner, organizationId, "members.change");
  await removeMember(world.context, access, { userId: gone.userId });

  const sent: string[] = [];
  const worker = workerWith(async ({ to }) => {
    sent.push(to);
  });
  const statuses: Record<string, string> = {};
  for (const to of addresses) {
    const find = "select id, status from headroom.outbox where organization_id = $1 and dedupe_key = $2";
    const row = async () =>
      (await world.scratch.admin.query(find, [organizationId, `seat_limit:${to}`])).rows[0];
    await sendOutboxMail(worker, { organizationId, id: (await row()).id });
    statuses[to] = (await row()).status;
  }
  expect(statuses).toEqual({
    [owner.email]: "sent",
    [gone.email]: "skipped",
    "old.billing@example.com": "skipped",
    "billing@example.com": "sent",
  });
  expect(sent).toEqual([owner.email, "billing@example.com"]);
});

test("creating an invite waits for the first attempt, at most 3 seconds", async () => {
  const { organization, access } = await queued();
  const waiting = createInvite(world.context, access, { email: "second@example.com" });
  const deliver = async () => {
    for (;;) {
      const { rows } = await world.scratch.admin.query(
        "select id from headroom.outbox where organization_id = $1 and payload ->> 'to' = 'second@example.com'",
        [organization],
      );
      if (rows[0]) {
        return sendOutboxMail(
          workerWith(async () => {}),
          { organizationId: organization, id: rows[0].id },
        );
      }
    }
  };
  const [invited] = await Promise.all([waiting, deliver()]);
  expect(invited).toMatchObject({ emailDelivery: "sent", inviteUrl: expect.stringContaining("token=") });

  const started = performance.now();
  const unattended = await createInvite(world.context, access, { email: "third@example.com" });
  expect(unattended.emailDelivery).toBe("pending");
  expect(performance.now() - started).toBeLessThan(4_000);
});
