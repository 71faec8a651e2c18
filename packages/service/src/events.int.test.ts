import { withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordChange } from "./changes.ts";
import { listEvents, pruneEvents, readEvents } from "./events.ts";
import { accessTo, createWorld, outcomeOf, type Person, type World } from "./testing/world.ts";

let world: World;
let ada: Person;
let bob: Person;
let acme: string;

beforeAll(async () => {
  world = await createWorld();
  ada = await world.person();
  acme = await world.organization(ada);
  bob = await world.join(acme, ada);
});
afterAll(() => world?.close());

const system = { kind: "system", name: "test" } as const;

async function raise(meter: string, recipient?: Person): Promise<void> {
  const conversation = {
    conversationId: encodeId("cnv", uuidv7()),
    subject: meter,
    assigneeId: encodeId("usr", recipient?.userId ?? ""),
    assignedBy: null,
  };
  await withOrganization(world.context.db, acme, (tx) =>
    recordChange(tx, {
      organizationId: acme,
      actor: system,
      events: [
        recipient === undefined
          ? { name: "max_overage.changed", payload: { meter } }
          : { name: "conversation_assigned", recipient: recipient.userId, payload: conversation },
      ],
    }),
  );
}

const reading = (person: Person) => ({ organizationId: acme, userId: person.userId, platformKeyId: null });

async function lastSeq(): Promise<number> {
  return (await readEvents(world.context, reading(ada), { after: null, limit: 1 })).lastSeq;
}

test("reading is one statement, rights included", async () => {
  const { pool } = world.context.db;
  const connect = pool.connect.bind(pool);
  const statements: string[] = [];
  pool.connect = (async () => {
    const client = await connect();
    const query = client.query.bind(client) as (...parts: unknown[]) => unknown;
    client.query = ((...parts: unknown[]) => {
      const [text] = parts as [string | { text: string }];
      statements.push(typeof text === "string" ? text : text.text);
      return query(...parts);
    }) as typeof client.query;
    return client;
  }) as typeof pool.connect;
  try {
    await readEvents(world.context, reading(bob), { after: 0, limit: 10 });
  } finally {
    pool.connect = connect;
  }
  expect(statements).toHaveLength(1);
  expect(statements[0]).toContain("events_after");
});

describe("a page", () => {
  test("passes over what is not the reader's, and still moves on", async () => {
    const before = await lastSeq();
    for (const recipient of [ada, ada, bob, ada]) await raise("x", recipient);
    const page = await readEvents(world.context, reading(bob), { after: before, limit: 1 });
    expect(page).toMatchObject({ events: [{ seq: before + 3 }], lastSeq: before + 4, hasMore: false });
    expect(await readEvents(world.context, reading(ada), { after: before, limit: 2 })).toMatchObject({
      events: [{ seq: before + 1 }, { seq: before + 2 }],
      lastSeq: before + 2,
      hasMore: true,
    });
  });

  test("reads names of other releases to nobody", async () => {
    const before = await lastSeq();
    await world.scratch.admin.query(
      `insert into headroom.event (organization_id, seq, id, name, payload, recipient, at)
       values ($1, $2, gen_random_uuid(), 'something.older', '{}', null, now()),
         ($1, $3, gen_random_uuid(), 'something.older', '{}', $4, now())`,
      [acme, before + 1, before + 2, ada.userId],
    );
    await world.scratch.admin.query(
      "update headroom.event_head set seq = seq + 2 where organization_id = $1",
      [acme],
    );
    expect(await readEvents(world.context, reading(ada), { after: before, limit: 9 })).toEqual({
      events: [],
      lastSeq: before + 2,
      hasMore: false,
    });
  });

  test("is refused to whoever is no member, and for what is no person", async () => {
    const stranger = await world.person();
    const read = (person: Person) => readEvents(world.context, reading(person), { after: 0, limit: 9 });
    expect(await outcomeOf(read(stranger))).toBe("organization_not_found");
    const access = await accessTo(world.context, { kind: "operator", name: "op" }, acme, "events.view");
    expect(await outcomeOf(listEvents(world.context, access, { after: 0, limit: 9 }))).toBe("forbidden");
  });

  test("follows the policies: what only the owner does, only the owner sees", async () => {
    const carol = await world.join(acme, ada, "admin");
    const before = await lastSeq();
    await withOrganization(world.context.db, acme, (tx) =>
      recordChange(tx, {
        organizationId: acme,
        actor: system,
        events: [
          { name: "invite.created", payload: { inviteId: encodeId("inv", uuidv7()), role: "member" } },
        ],
      }),
    );
    const read = (context = world.context) =>
      readEvents(context, reading(carol), { after: before, limit: 9 });
    expect((await read()).events).toHaveLength(1);
    expect((await read(world.under({ invites: { by: "owner" } }))).events).toHaveLength(0);
  });
});

test("events of more than 35 real days ago are pruned; who asks for them gets what is there", async () => {
  await raise("old");
  await raise("kept");
  const last = await lastSeq();
  const age = (seq: number, days: string) =>
    world.scratch.admin.query(
      "update headroom.event set recorded_at = clock_timestamp() - $3::interval where organization_id = $1 and seq = $2",
      [acme, seq, days],
    );
  await world.scratch.admin.query(
    "update headroom.event set recorded_at = clock_timestamp() - interval '40 days'",
  );
  await age(last, "35 days -1 minute");
  await age(last - 1, "35 days 1 minute");
  const db = await world.scratch.connect("hr_worker");
  expect(await pruneEvents({ db })).toBe(last - 1);
  expect(await readEvents(world.context, reading(ada), { after: 0, limit: 9 })).toMatchObject({
    events: [{ seq: last, payload: { meter: "kept" } }],
    lastSeq: last,
  });
  await raise("next");
  expect(await lastSeq()).toBe(last + 1);
});
