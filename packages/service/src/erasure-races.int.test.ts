import { encodeId } from "@headroom/domain/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ErasureContexts, eraseUser } from "./erasure.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { createWorld, invite, outcomeOf, type Person, type World } from "./testing/world.ts";

let world: World;
let contexts: ErasureContexts;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  contexts = {
    api: world.context,
    worker: { ...world.context, db: await world.scratch.connect("hr_worker") },
  };
});
afterAll(() => world?.close());

const operator = { kind: "operator", name: "kim" } as const;

/** Until so many connections wait for a lock of this database. */
async function untilWaiting(callers: number): Promise<void> {
  const waiting =
    "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  while ((await world.scratch.admin.query(waiting)).rows[0].n < callers) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Erases a person who does something else when only the account is left to be erased. */
async function eraseDuring<Done>(zeb: Person, act: () => Promise<Done>) {
  const holder = await world.scratch.admin.connect();
  try {
    await holder.query("begin");
    await holder.query("select from headroom.account where id = $1 for key share", [zeb.userId]);
    const erasing = eraseUser(contexts, `usr_${zeb.userId}`, { operator }).catch((error: unknown) => error);
    await untilWaiting(1);
    const done = await act();
    await holder.query("commit");
    return { erased: await erasing, done };
  } finally {
    holder.release();
  }
}

test("whoever founds an organization while they are erased leaves none without an owner: refused, and named", async () => {
  const owner = await world.person();
  const zeb = await world.join(await world.organization(owner), owner);
  const { erased, done: founded } = await eraseDuring(zeb, () => world.organization(zeb));
  expect(erased).toMatchObject({
    code: "last_owner",
    details: { organizations: [{ id: encodeId("org", founded) }] },
  });
  expect(await world.roles(founded)).toEqual({ owner: 1 });
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
    founded,
  ]);
  expect(await eraseUser(contexts, `usr_${zeb.userId}`, { operator })).toMatchObject({ erased: true });
  expect(await world.roles(founded)).toEqual({});
});

test("whoever joins an organization while they are erased is gone from it as well", async () => {
  const owner = await world.person();
  const [organization, other] = [await world.organization(owner), await world.organization(owner)];
  const zeb = await world.join(organization, owner);
  const { erased } = await eraseDuring(zeb, async () => {
    const { token } = await invite(world.context, other, owner, zeb.email);
    return acceptInvite(world.context, zeb, { token });
  });
  const organizations = [organization, other].map((id) => ({ id: encodeId("org", id), isMember: true }));
  expect(erased).toMatchObject({ erased: true, organizations });
  expect(await world.roles(other)).toEqual({ owner: 1 });
});

test("founding, joining and being joined at once with an erasure, 20 rounds: no erased account is a member", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const direct = world.under({ invites: { mode: "direct" } });
  const tally: Record<string, number> = {};
  for (let round = 0; round < 20; round += 1) {
    const zeb = await world.person();
    const { token } = await invite(world.context, organization, owner, zeb.email);
    const other = await world.organization(owner);
    const outcomes = await Promise.all(
      [
        eraseUser(contexts, `usr_${zeb.userId}`, { operator }),
        world.organization(zeb),
        acceptInvite(world.context, zeb, { token }),
        invite(direct, other, owner, zeb.email).catch(() => undefined),
      ].map(outcomeOf),
    );
    for (const outcome of outcomes) tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  const { rows } = await world.scratch.admin.query(
    `select m.organization_id, m.role from headroom.membership m join headroom.account a on a.id = m.user_id
     where a.issuer = 'erased'`,
  );
  expect(rows, JSON.stringify(tally)).toEqual([]);
});

test("an account that is erased just before its membership is written makes no member", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const zeb = await world.person();
  const { token } = await invite(world.context, organization, owner, zeb.email);
  const eraser = await world.scratch.admin.connect();
  try {
    await eraser.query("begin");
    await eraser.query("select from headroom.account where id = $1 for update", [zeb.userId]);
    const late = [
      outcomeOf(world.organization(zeb)),
      outcomeOf(acceptInvite(world.context, zeb, { token })),
      outcomeOf(
        invite(
          world.under({ invites: { mode: "direct" } }),
          await world.organization(owner),
          owner,
          zeb.email,
        ),
      ),
    ];
    await untilWaiting(late.length);
    await eraser.query(
      "update headroom.account set issuer = 'erased', subject = id::text, email = null, email_verified = false where id = $1",
      [zeb.userId],
    );
    await eraser.query("commit");
    expect(await Promise.all(late)).toEqual(["unauthenticated", "invite_email_mismatch", "user_not_found"]);
  } finally {
    eraser.release();
  }
});
