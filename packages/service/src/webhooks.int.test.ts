import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Access } from "./access.ts";
import { listAudit } from "./audit.ts";
import {
  accessTo,
  createWorld,
  outcomeOf,
  type Person,
  rawId,
  tallyOf,
  type World,
} from "./testing/world.ts";
import { listWebhookDeliveries, redeliverWebhook, testWebhook } from "./webhook-deliveries.ts";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhook,
  updateWebhook,
} from "./webhooks.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(10);
});
afterAll(() => world?.close());

const url = "https://hooks.example.com/a?token=t0ken";

async function founded(): Promise<{ owner: Person; id: string; access: Access }> {
  const owner = await world.person();
  const id = await world.organization(owner);
  return { owner, id, access: await accessTo(world.context, owner, id, "webhooks.manage") };
}

const eventsOf = async (organizationId: string) => {
  const { rows } = await world.scratch.admin.query<{ name: string; payload: unknown }>(
    "select name, payload from headroom.event where organization_id = $1 order by seq",
    [organizationId],
  );
  return rows;
};
const deliveriesOf = async (organizationId: string) => {
  const { rows } = await world.scratch.admin.query<{ webhook: string; name: string }>(
    `select d.endpoint_id as webhook, e.name from headroom.webhook_delivery d
       join headroom.event e on e.organization_id = d.organization_id and e.seq = d.event_seq
       where d.organization_id = $1 order by d.event_seq, d.endpoint_id`,
    [organizationId],
  );
  return rows.map(({ webhook, name }) => `${name} to ${webhook}`);
};

test("an endpoint's life: each step is audited and an event, and no secret is kept in the clear", async () => {
  const { id, access } = await founded();
  const { context } = world;
  const created = await createWebhook(context, access, {
    url: `${url}#part`,
    events: ["member.left", "member.left"],
  });
  expect(created).toMatchObject({
    url,
    description: "",
    events: ["member.left"],
    status: "enabled",
    disabledReason: null,
    failingSince: null,
    previousSecretUntil: null,
  });
  expect(created.secret).toMatch(/^whsec_/);
  const webhookId = rawId(created);
  const { secret: _, ...view } = created;
  expect(await getWebhook(context, access, { webhookId })).toEqual(view);
  expect(await listWebhooks(context, access, { limit: 10 })).toEqual({ webhooks: [view], nextCursor: null });

  const moved = await updateWebhook(context, access, {
    webhookId,
    url: "https://other.example.com",
    status: "disabled",
  });
  expect(moved).toMatchObject({
    url: "https://other.example.com/",
    status: "disabled",
    events: ["member.left"],
  });
  expect(
    await updateWebhook(context, access, { webhookId, status: "disabled", events: ["member.left"] }),
  ).toEqual(moved);
  const rotated = await rotateWebhook(context, access, { webhookId });
  expect(rotated.secret).toMatch(/^whsec_/);
  expect(rotated.secret).not.toBe(created.secret);
  const hours = (Date.parse(rotated.previousSecretUntil ?? "") - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThanOrEqual(24);

  const { rows } = await world.scratch.admin.query(
    "select secret, previous_secret from headroom.webhook_endpoint where id = $1",
    [webhookId],
  );
  for (const told of [created.secret, rotated.secret]) {
    const bytes = Buffer.from((told ?? "").slice("whsec_".length), "base64");
    expect(rows[0].secret.includes(bytes) || rows[0].previous_secret.includes(bytes)).toBe(false);
  }

  await deleteWebhook(context, access, { webhookId });
  expect(await outcomeOf(getWebhook(context, access, { webhookId }))).toBe("resource_not_found");
  const names = ["webhook.created", "webhook.updated", "webhook.rotated", "webhook.deleted"];
  expect((await eventsOf(id)).slice(-4)).toEqual(
    names.map((name) => ({ name, payload: { webhookId: created.id } })),
  );
  const audit = await listAudit(context, { ...access, permission: "audit.view" }, { limit: 4 });
  expect(audit.entries.map(({ action, target }) => [action, target])).toEqual(
    names.toReversed().map((name) => [name, created.id]),
  );
  expect(audit.entries[2]?.data).toEqual({
    host: "other.example.com",
    fields: ["url", "status"],
    status: "disabled",
  });
  expect(JSON.stringify(audit)).not.toContain("t0ken");
});

test("creating is idempotent, and the secret is told once", async () => {
  const { access } = await founded();
  const create = (key: string, to = url) =>
    createWebhook(world.context, access, { url: to }, { idempotencyKey: key });
  const first = await create("one");
  expect(await create("one")).toEqual({ ...first, secret: null });
  expect(await outcomeOf(create("one", "https://other.example.com/"))).toBe("idempotency_mismatch");
  expect((await listWebhooks(world.context, access, { limit: 10 })).webhooks).toHaveLength(1);
});

test("there are at most 20, however many come at once", async () => {
  const { access } = await founded();
  const calls = Array.from({ length: 24 }, () => createWebhook(world.context, access, { url }));
  expect(await tallyOf(calls)).toEqual({ ok: 20, validation_failed: 4 });
  const first = await listWebhooks(world.context, access, { limit: 15 });
  const rest = await listWebhooks(world.context, access, { limit: 15, cursor: first.nextCursor ?? "" });
  expect(new Set([...first.webhooks, ...rest.webhooks].map((webhook) => webhook.id)).size).toBe(20);
  expect(rest.nextCursor).toBeNull();
});

test("events go to the enabled endpoints that want them; a test to one alone", async () => {
  const { id, access } = await founded();
  const { context } = world;
  const create = async (events: ["webhook.rotated"] | []) =>
    rawId(await createWebhook(context, access, { url, events }));
  const picky = await create(["webhook.rotated"]);
  const curious = await create([]);
  const off = await create([]);
  await updateWebhook(context, access, { webhookId: off, status: "disabled" });
  await world.scratch.admin.query("delete from headroom.webhook_delivery where organization_id = $1", [id]);
  await rotateWebhook(context, access, { webhookId: off });
  const tested = await testWebhook(context, access, { webhookId: picky });
  expect(tested).toMatchObject({ name: "webhook.test", status: "pending", attempts: [], deliveredAt: null });
  expect(await deliveriesOf(id)).toEqual([
    `webhook.rotated to ${picky}`,
    `webhook.rotated to ${curious}`,
    `webhook.test to ${picky}`,
  ]);
  const { deliveries } = await listWebhookDeliveries(context, access, { webhookId: picky, limit: 10 });
  expect(deliveries.map(({ name }) => name)).toEqual(["webhook.test", "webhook.rotated"]);
  expect(deliveries[0]).toEqual(tested);
  const page = await listWebhookDeliveries(context, access, { webhookId: picky, limit: 1 });
  const rest = await listWebhookDeliveries(context, access, {
    webhookId: picky,
    limit: 1,
    cursor: page.nextCursor ?? "",
  });
  expect([...page.deliveries, ...rest.deliveries]).toEqual(deliveries);
  const delivered = await listWebhookDeliveries(context, access, {
    webhookId: picky,
    limit: 9,
    status: "delivered",
  });
  expect(delivered.deliveries).toEqual([]);
  expect(await outcomeOf(testWebhook(context, access, { webhookId: off }))).toBe("validation_failed");
});

describe("without SECRETS_KEY", () => {
  test("making secrets is unavailable, and nothing else is", async () => {
    const { access } = await founded();
    const { webhookId } = { webhookId: rawId(await createWebhook(world.context, access, { url })) };
    for (const webhooks of [
      undefined,
      { secrets: null, outbound: { allowHttp: false, allowInternal: false } },
    ]) {
      const context = { ...world.context, webhooks };
      await expect(createWebhook(context, access, { url })).rejects.toThrow("SECRETS_KEY");
      expect(await outcomeOf(createWebhook(context, access, { url }))).toBe("unavailable");
      expect(await outcomeOf(rotateWebhook(context, access, { webhookId }))).toBe("unavailable");
      expect(await outcomeOf(listWebhooks(context, access, { limit: 1 }))).toBe("ok");
      expect(
        await outcomeOf(updateWebhook(context, access, { webhookId, description: `${Math.random()}` })),
      ).toBe("ok");
      expect(await outcomeOf(testWebhook(context, access, { webhookId }))).toBe("ok");
    }
  });
});

test.each([
  "http://hooks.example.com/",
  "https://127.0.0.1/",
  "https://localhost/",
  "https://u:p@example.com/",
  "x",
])("the address %s is refused, at creation and at change", async (bad) => {
  const { id, access } = await founded();
  const webhooks = {
    secrets: world.context.webhooks?.secrets ?? null,
    outbound: { allowHttp: false, allowInternal: false },
  };
  const context = { ...world.context, webhooks };
  const webhookId = rawId(await createWebhook(context, access, { url }));
  const before = await eventsOf(id);
  await expect(createWebhook(context, access, { url: bad })).rejects.toMatchObject({
    code: "validation_failed",
    details: { issues: [{ path: "url" }] },
  });
  expect(await outcomeOf(updateWebhook(context, access, { webhookId, url: bad }))).toBe("validation_failed");
  expect(await eventsOf(id)).toEqual(before);
});

test("members may not, admins may, and whoever was demoted may no more", async () => {
  const { owner, id } = await founded();
  const admin = await world.join(id, owner, "admin");
  const member = await world.join(id, owner);
  expect(await outcomeOf(accessTo(world.context, member, id, "webhooks.manage"))).toBe("forbidden");
  const access = await accessTo(world.context, admin, id, "webhooks.manage");
  expect(await outcomeOf(createWebhook(world.context, access, { url }))).toBe("ok");
  await world.scratch.admin.query(
    "update headroom.membership set role = 'member' where organization_id = $1 and user_id = $2",
    [id, admin.userId],
  );
  expect(await outcomeOf(createWebhook(world.context, access, { url }))).toBe("forbidden");
});

test("a foreign endpoint or event answers like one that does not exist, and is left alone", async () => {
  const theirs = await founded();
  const { access } = await founded();
  const { context } = world;
  const foreign = rawId(await createWebhook(context, theirs.access, { url }));
  const own = rawId(await createWebhook(context, access, { url }));
  const [delivery] = (await listWebhookDeliveries(context, theirs.access, { webhookId: foreign, limit: 1 }))
    .deliveries;
  const foreignEvent = (delivery?.eventId ?? "").slice("evt_".length);
  const messageOf = (call: Promise<unknown>) =>
    call.then(
      () => "ok",
      (error: Error & { code: string }) => `${error.code} ${error.message}`,
    );
  const calls = [
    (webhookId: string) => getWebhook(context, access, { webhookId }),
    (webhookId: string) => updateWebhook(context, access, { webhookId, status: "disabled" }),
    (webhookId: string) => deleteWebhook(context, access, { webhookId }),
    (webhookId: string) => rotateWebhook(context, access, { webhookId }),
    (webhookId: string) => testWebhook(context, access, { webhookId }),
    (webhookId: string) => listWebhookDeliveries(context, access, { webhookId, limit: 1 }),
    (webhookId: string) => redeliverWebhook(context, access, { webhookId, eventId: foreignEvent }),
  ];
  const before = [
    await getWebhook(context, theirs.access, { webhookId: foreign }),
    await eventsOf(theirs.id),
  ];
  for (const call of calls) {
    const answer = await messageOf(call(foreign));
    expect(answer).toMatch(/^resource_not_found /);
    expect(await messageOf(call(uuidv7()))).toBe(answer);
  }
  const redeliver = (eventId: string) =>
    messageOf(redeliverWebhook(context, access, { webhookId: own, eventId }));
  expect(await redeliver(foreignEvent)).toMatch(/^resource_not_found /);
  expect(await redeliver(uuidv7())).toBe(await redeliver(foreignEvent));
  expect([
    await getWebhook(context, theirs.access, { webhookId: foreign }),
    await eventsOf(theirs.id),
  ]).toEqual(before);
  expect(encodeId("whk", foreign)).toBe((before[0] as { id: string }).id);
});
