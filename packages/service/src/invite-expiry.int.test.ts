import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { listAudit } from "./audit.ts";
import type { ServiceContext } from "./context.ts";
import { expireInvites } from "./invite-expiry.ts";
import { reissueInvite } from "./invite-resending.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, type World } from "./testing/world.ts";

let world: World;
/** As the worker connects. */
let worker: Pick<ServiceContext, "db">;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  worker = { db: await world.scratch.connect("hr_worker") };
});
afterEach(() => moveClock("0"));
afterAll(() => world?.close());

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

async function founded() {
  const owner = await world.person();
  return { owner, organization: await world.organization(owner) };
}

const statusesOf = async (organization: string) => {
  const { rows } = await world.scratch.admin.query<{ email: string; status: string }>(
    "select email, status from headroom.invite where organization_id = $1 order by id",
    [organization],
  );
  return rows.map(({ email, status }) => `${email} ${status}`);
};

const expiriesOf = async (organization: string) => {
  const { rows } = await world.scratch.admin.query<{ id: string }>(
    "select payload ->> 'inviteId' as id from headroom.event where organization_id = $1 and name = 'invite.expired' order by seq",
    [organization],
  );
  return rows.map(({ id }) => id);
};

test("marks what has expired in every organization, once, and tells of it", async () => {
  const one = await founded();
  const two = await founded();
  const first = await invite(world.context, one.organization, one.owner, "a@example.com");
  const other = await invite(world.context, two.organization, two.owner, "b@example.com");
  await moveClock("5 days");
  await invite(world.context, one.organization, one.owner, "later@example.com");
  expect(await expireInvites(worker)).toBe(0);
  await moveClock("7 days 1 second");
  expect(await expireInvites(worker)).toBe(2);
  expect(await expireInvites(worker)).toBe(0);
  expect(await statusesOf(one.organization)).toEqual(["a@example.com expired", "later@example.com pending"]);
  expect(await expiriesOf(one.organization)).toEqual([first.invite.id]);
  expect(await expiriesOf(two.organization)).toEqual([other.invite.id]);
  const access = await accessTo(world.context, one.owner, one.organization, "audit.view");
  const { entries } = await listAudit(world.context, access, { limit: 1 });
  expect(entries).toMatchObject([
    { action: "invite.expired", target: first.invite.id, actor: { kind: "system" } },
  ]);
});

test("four workers at once mark each once", async () => {
  const organizations = await Promise.all(Array.from({ length: 6 }, founded));
  for (const { owner, organization } of organizations) {
    for (let index = 0; index < 5; index++) {
      await invite(world.context, organization, owner, `friend${index}@example.com`);
    }
  }
  await moveClock("8 days");
  const marked = await Promise.all(Array.from({ length: 4 }, () => expireInvites(worker)));
  expect(marked.reduce((sum, count) => sum + count, 0)).toBe(30);
  for (const { organization } of organizations) {
    expect(new Set(await expiriesOf(organization)).size).toBe(5);
    expect(await expiriesOf(organization)).toHaveLength(5);
  }
});

test("without a worker an expired one stops counting at once, and its successor ends it", async () => {
  const { owner, organization } = await founded();
  const first = await invite(world.context, organization, owner, "grace@example.com");
  await world.seats(2);
  await moveClock("7 days 1 second");
  expect(await outcomeOf(invite(world.context, organization, owner, "other@example.com"))).toBe("ok");
  await world.seats(100);
  expect(await expiriesOf(organization)).toEqual([]);
  await invite(world.context, organization, owner, "grace@example.com");
  expect(await expiriesOf(organization)).toEqual([first.invite.id]);
  expect(await expireInvites(worker)).toBe(0);
});

test("one that was resent meanwhile is left alone; a deleted organization's are too", async () => {
  const { owner, organization } = await founded();
  const { invite: issued } = await invite(world.context, organization, owner, "grace@example.com");
  const gone = await founded();
  await invite(world.context, gone.organization, gone.owner, "x@example.com");
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
    gone.organization,
  ]);
  await moveClock("8 days");
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  await reissueInvite(world.context, access, { inviteId: rawId(issued) });
  expect(await expireInvites(worker)).toBe(0);
  expect(await statusesOf(organization)).toEqual(["grace@example.com pending"]);
  expect(await statusesOf(gone.organization)).toEqual(["x@example.com pending"]);
});
