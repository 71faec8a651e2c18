import { setTimeout as delay } from "node:timers/promises";
import { encodeId } from "@headroom/domain/ids";
import { createPlatformKey, revokePlatformKeysNamed } from "@headroom/service/platform-keys";
import { createWorld, invite, type Person, type World } from "@headroom/service/testing/world";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  changed,
  clientOf,
  connect,
  type EventServer,
  type Heard,
  raise,
  startEventServer,
  subscribe,
  tokenOf,
} from "../testing/live.ts";

let world: World;
let here: EventServer;
let there: EventServer;
let ada: Person;
let bob: Person;
let acme: string;
let organizationId: string;
const heard: Heard[] = [];

beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  ada = await world.person();
  acme = await world.organization(ada);
  organizationId = encodeId("org", acme);
  bob = await world.join(acme, ada);
  [here, there] = await Promise.all([startEventServer(world), startEventServer(world)]);
});
afterEach(() => {
  for (const one of heard.splice(0)) one.stop();
});
afterAll(async () => {
  await Promise.all([here?.close(), there?.close()]);
  await world?.close();
});

/** Both doors: whatever holds for one holds for the other. */
const doors = {
  tRPC: (url: string, person: Person, after?: number, organization = organizationId) =>
    subscribe(url, tokenOf(person), {
      organizationId: organization,
      ...(after === undefined ? {} : { after }),
    }),
  "Socket.IO": (url: string, person: Person, after?: number, organization = organizationId) =>
    connect(url, {
      token: tokenOf(person),
      organizationId: organization,
      ...(after === undefined ? {} : { after }),
    }),
};

async function keep<One extends Heard>(one: Promise<One>): Promise<One> {
  const kept = await one;
  heard.push(kept);
  return kept;
}

/** Within a second. */
const soon = (check: () => void, timeout = 1_000) => vi.waitFor(check, { timeout, interval: 10 });

async function headOf(person = ada): Promise<number> {
  const client = clientOf(here.url, tokenOf(person));
  return (await client.events.list.query({ organizationId, after: 2 ** 40 })).lastSeq;
}

describe.each(Object.entries(doors))("over %s", (_name, open) => {
  test("a change made through one process reaches the subscribers of another within a second", async () => {
    const [near, far] = await Promise.all([keep(open(here.url, bob)), keep(open(there.url, bob))]);
    await clientOf(here.url, tokenOf(ada)).organizations.update.mutate({
      organizationId,
      name: `Acme ${Date.now()}`,
    });
    await soon(() => {
      expect(near.names()).toEqual(["organization.updated"]);
      expect(far.items.slice(1)).toEqual(near.items.slice(1));
    });
    expect(far.items[0]).toMatchObject({ name: "subscribed", seq: (far.seqs()[0] ?? 0) - 1, organizationId });
    expect(far.items[1]).toMatchObject({ payload: { fields: ["name"] }, id: expect.stringMatching(/^evt_/) });
  });

  test("two overlapping transactions, and a reader between them, lose nothing and come in order", async () => {
    const reader = await keep(open(there.url, ada));
    const before = await headOf();
    const first = await world.scratch.admin.connect();
    await first.query("begin");
    await first.query(
      `select headroom.record_change($1, 'system', 'test', null, null, null, null, '{}', '{}', null, $2)`,
      [
        acme,
        JSON.stringify([
          { id: crypto.randomUUID(), name: "max_overage.changed", payload: { meter: "first" } },
        ]),
      ],
    );
    const second = raise(world, acme, changed("second"));
    await delay(150);
    const between = await clientOf(here.url, tokenOf(ada)).events.list.query({
      organizationId,
      after: before,
    });
    expect(between).toEqual({ events: [], lastSeq: before, hasMore: false });
    expect(reader.names()).toEqual([]);
    await first.query("commit");
    first.release();
    await second;
    await soon(() => {
      expect(reader.items.slice(1).map(({ payload }) => payload)).toEqual([
        { meter: "first" },
        { meter: "second" },
      ]);
    });
    const [one = 0, other = 0] = reader.seqs();
    expect(other).toBe(one + 1);
  });

  test("who comes back with a number gets what was missed: no gap, nothing twice", async () => {
    const before = await headOf();
    for (let number = 0; number < 230; number += 1) await raise(world, acme, changed(`meter ${number}`));
    const late = await keep(open(there.url, ada, before + 5));
    await raise(world, acme, changed("last"));
    const expected = Array.from({ length: 226 }, (_, index) => before + 6 + index);
    await soon(() => expect(late.seqs()).toEqual(expected), 5_000);
    expect(late.items[0]).toMatchObject({ name: "subscribed", seq: before + 5 });
  });

  test("a number that was never given out counts as the last one", async () => {
    const ahead = await keep(open(there.url, ada, 2 ** 40));
    await raise(world, acme, changed("next"));
    await soon(() => expect(ahead.names()).toEqual(["max_overage.changed"]));
  });

  test("a listening connection that is killed loses nothing", async () => {
    const reader = await keep(open(there.url, ada));
    await soon(async () => expect(await killListeners()).toBeGreaterThan(0), 5_000);
    await raise(world, acme, changed("while deaf"));
    await soon(() => expect(reader.names()).toEqual(["max_overage.changed"]), 5_000);
    await soon(
      async () => expect(await there.metrics.registry.metrics()).toMatch(/listener_up\{.*\} 1/),
      5_000,
    );
    await raise(world, acme, changed("again"));
    await soon(() =>
      expect(reader.items.slice(1).map(({ payload }) => payload)).toEqual([
        { meter: "while deaf" },
        { meter: "again" },
      ]),
    );
  });

  test("a member is told what the role may see, and what is for that member alone", async () => {
    const [owner, member] = await Promise.all([keep(open(here.url, ada)), keep(open(there.url, bob))]);
    await invite(world.context, acme, ada, `${crypto.randomUUID()}@example.com`);
    const conversationId = encodeId("cnv", crypto.randomUUID());
    const assigned = (person: Person) =>
      raise(world, acme, {
        name: "conversation_assigned",
        recipient: person.userId,
        payload: {
          conversationId,
          subject: "Help",
          assigneeId: encodeId("usr", person.userId),
          assignedBy: null,
        },
      });
    await assigned(bob);
    await assigned(ada);
    await raise(world, acme, changed("end"));
    await soon(() => {
      expect(owner.names()).toEqual(["invite.created", "conversation_assigned", "max_overage.changed"]);
      expect(member.names()).toEqual(["conversation_assigned", "max_overage.changed"]);
    });
    expect(member.items[1]?.payload).toMatchObject({
      assigneeId: encodeId("usr", bob.userId),
      conversationId,
    });
  });

  test("a role that changes changes what is seen, from that moment on", async () => {
    const carol = await world.join(acme, ada);
    const reader = await keep(open(there.url, carol));
    const client = clientOf(here.url, tokenOf(ada));
    const userId = encodeId("usr", carol.userId);
    await client.members.setRole.mutate({ organizationId, userId, role: "admin" });
    await invite(world.context, acme, ada, `${crypto.randomUUID()}@example.com`);
    await client.members.setRole.mutate({ organizationId, userId, role: "member" });
    await invite(world.context, acme, ada, `${crypto.randomUUID()}@example.com`);
    await raise(world, acme, changed("end"));
    await soon(() => expect(reader.names()).toContain("max_overage.changed"));
    expect(reader.names().filter((name) => name === "invite.created").length).toBeLessThanOrEqual(1);
  });

  test("a removed member gets nothing from the moment the removal is answered", async () => {
    const dan = await world.join(acme, ada);
    const reader = await keep(open(there.url, dan));
    await clientOf(here.url, tokenOf(ada)).members.remove.mutate({
      organizationId,
      userId: encodeId("usr", dan.userId),
    });
    await raise(world, acme, changed("secret"));
    expect(await reader.ended).toMatch(/^organization_not_found$/);
    expect(reader.names()).toEqual([]);
    const again = await open(there.url, dan, 0);
    expect(await again.ended).toBe("organization_not_found");
    expect(again.items).toEqual([]);
  });

  test("a deleted organization is gone", async () => {
    const own = await world.organization(ada);
    const reader = await keep(open(there.url, ada, undefined, encodeId("org", own)));
    await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
      own,
    ]);
    await world.scratch.admin.query("select pg_notify('headroom_event', $1)", [own]);
    expect(await reader.ended).toBe("organization_not_found");
  });

  test("a foreign organization looks like none, and current is the active one", async () => {
    const stranger = await world.person();
    const foreign = await open(here.url, stranger);
    const unknown = await open(here.url, ada, undefined, encodeId("org", crypto.randomUUID()));
    expect([await foreign.ended, await unknown.ended]).toEqual([
      "organization_not_found",
      "organization_not_found",
    ]);
    expect(await (await open(here.url, stranger, undefined, "current")).ended).toBe("no_active_organization");
    await world.organization(stranger);
    const own = await keep(open(here.url, stranger, undefined, "current"));
    expect(own.items).toMatchObject([{ name: "subscribed" }]);
  });

  test("a bad number is refused", async () => {
    expect(await (await open(here.url, ada, -1)).ended).toBe("validation_failed");
  });
});

async function killListeners(): Promise<number> {
  const { rows } = await world.scratch.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'headroom events' and datname = current_database()`,
  );
  return rows.length;
}

describe("a credential", () => {
  test("that expires ends its subscriptions with token_expired", async () => {
    // Tokens are good for 30 s more than they say, here as for every call.
    const token = tokenOf(ada, Math.floor(Date.now() / 1_000) - 28);
    const stream = await keep(subscribe(here.url, token, { organizationId }));
    const socket = await keep(connect(here.url, { token, organizationId }));
    expect(stream.items).toHaveLength(1);
    expect(await Promise.all([stream.ended, socket.ended])).toEqual(["token_expired", "token_expired"]);
  });

  test("that is a platform key ends them when it is revoked", async () => {
    const key = await createPlatformKey(world.context, { name: "back end", scopes: ["impersonate"] });
    const behalf = encodeId("usr", bob.userId);
    const stream = await keep(
      subscribe(here.url, key.secret, { organizationId }, { "headroom-on-behalf-of": behalf }),
    );
    const socket = await keep(connect(here.url, { token: key.secret, organizationId, onBehalfOf: behalf }));
    await raise(world, acme, changed("for bob"));
    await soon(() =>
      expect([stream.names(), socket.names()]).toEqual([["max_overage.changed"], ["max_overage.changed"]]),
    );
    await revokePlatformKeysNamed(world.context, "back end");
    await raise(world, acme, changed("for nobody"));
    expect(await Promise.all([stream.ended, socket.ended])).toEqual(["unauthenticated", "unauthenticated"]);
    expect([stream.names(), socket.names()]).toEqual([["max_overage.changed"], ["max_overage.changed"]]);
  });

  test("that is a key as such has no events", async () => {
    const key = await createPlatformKey(world.context, { name: "other", scopes: ["organizations:read"] });
    expect(await (await connect(here.url, { token: key.secret, organizationId })).ended).toBe("forbidden");
    expect(await (await subscribe(here.url, key.secret, { organizationId })).ended).toBe("forbidden");
  });

  test("has twenty subscriptions at a time, over both doors together", async () => {
    const eve = await world.join(acme, ada);
    const streams = await Promise.all(Array.from({ length: 6 }, () => keep(doors.tRPC(there.url, eve))));
    await Promise.all(Array.from({ length: 14 }, () => keep(doors["Socket.IO"](there.url, eve))));
    expect(await (await doors.tRPC(there.url, eve)).ended).toBe("rate_limited");
    expect(await (await doors["Socket.IO"](there.url, eve)).ended).toBe("rate_limited");
    streams[0]?.stop();
    await soon(async () => {
      const one = await keep(doors["Socket.IO"](there.url, eve));
      expect(one.items).toHaveLength(1);
    }, 5_000);
    for (const one of heard.splice(0)) one.stop();
    await soon(async () => {
      const metrics = await there.metrics.registry.metrics();
      expect(
        metrics.match(/^headroom_event_subscribers\{.*\} \d+$/gm)?.map((line) => line.split(" ").at(-1)),
      ).toEqual(["0", "0"]);
    }, 5_000);
  });
});

test("events are pulled page by page", async () => {
  const before = await headOf();
  for (const meter of ["a", "b", "c"]) await raise(world, acme, changed(meter));
  const answer = await fetch(
    `${here.url}/v1/organizations/${organizationId}/events?after=${before}&limit=2`,
    {
      headers: { authorization: `Bearer ${tokenOf(ada)}` },
    },
  );
  const pulled = (await answer.json()) as { events: object[]; last_seq: number; has_more: boolean };
  expect(pulled).toMatchObject({
    events: [
      { seq: before + 1, name: "max_overage.changed", payload: { meter: "a" } },
      { seq: before + 2, name: "max_overage.changed", payload: { meter: "b" } },
    ],
    last_seq: before + 2,
    has_more: true,
  });
  const { events, hasMore, lastSeq } = await clientOf(here.url, tokenOf(bob)).events.list.query({
    organizationId,
    after: pulled.last_seq,
  });
  expect([events.map(({ seq }) => seq), hasMore, lastSeq]).toEqual([[before + 3], false, before + 3]);
  const [event] = events;
  // Narrowed by its name, without a cast.
  expect(event?.name === "max_overage.changed" ? event.payload.meter : null).toBe("c");
});
