import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { inviteMany } from "./invite-bulk.ts";
import { listInvites } from "./invites.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, tokenOf, type World } from "./testing/world.ts";

let world: World;
/** The mails are taken up at once, as the worker does; else each call would wait its 3 seconds. */
let postman: NodeJS.Timeout;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  postman = setInterval(() => {
    void world.scratch.admin
      .query(
        "update headroom.outbox set status = 'sent' where status = 'pending' and payload ->> 'to' not like 'slow%'",
      )
      .catch(() => undefined);
  }, 20);
});
afterEach(() => world.seats(100));
afterAll(async () => {
  clearInterval(postman);
  await world?.close();
});

async function founded(context = world.context) {
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const access = await accessTo(context, owner, organization, "invites.manage");
  return { owner, organization, access };
}

const summaryOf = ({ results }: Awaited<ReturnType<typeof inviteMany>>) =>
  results.map(({ status, error }) => error?.code ?? status);

test("each address has its own result, and one that is refused hinders no other", async () => {
  const { owner, organization, access } = await founded();
  await invite(world.context, organization, owner, "before@example.com");
  await world.seats(4);
  const asked = [
    { email: "one@example.com", role: "admin" as const },
    { email: "ONE@example.com" },
    { email: "no address" },
    { email: owner.email },
    { email: "Before@Example.com" },
    { email: "boss@example.com", role: "owner" as const },
    { email: "two@example.com" },
    { email: "three@example.com" },
  ];
  const answer = await inviteMany(world.context, access, { invites: asked });
  expect(summaryOf(answer)).toEqual([
    "invited",
    "already_invited",
    "validation_failed",
    "already_member",
    "already_invited",
    "invalid_role",
    "invited",
    "seat_limit_reached",
  ]);
  expect(answer.results.map(({ email }) => email)).toEqual(asked.map(({ email }) => email));
  const [first, second] = answer.results;
  expect(first?.invite).toMatchObject({
    role: "admin",
    status: "pending",
    emailDelivery: "sent",
    teamMemberId: null,
  });
  expect(second).toMatchObject({ invite: null, error: { details: { inviteId: first?.invite?.id } } });
  expect(answer.results.at(-1)?.error?.details).toMatchObject({ limit: 4, members: 1, pending: 3, used: 4 });
  const { invites } = await listInvites(world.context, access, { limit: 50 });
  expect(invites.map(({ email }) => email)).toEqual([
    "before@example.com",
    "one@example.com",
    "two@example.com",
  ]);
  const person = await world.person("two@example.com");
  const issued = answer.results[6]?.invite;
  const token = issued ? tokenOf(issued) : "";
  await world.seats(100);
  expect(await outcomeOf(acceptInvite(world.context, person, { token }))).toBe("ok");
});

test("under one idempotency key it happens once, and is told again without the links", async () => {
  const { access } = await founded();
  const asked = {
    invites: [{ email: "a@example.com" }, { email: "a@example.com" }, { email: "b@example.com" }],
  };
  const key = { idempotencyKey: "bulk" };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => inviteMany(world.context, access, asked, key)),
  );
  for (const answer of answers) {
    expect(summaryOf(answer)).toEqual(["invited", "already_invited", "invited"]);
  }
  const links = answers.flatMap(({ results }) => results.flatMap((one) => one.invite?.inviteUrl ?? []));
  expect(links).toHaveLength(2);
  expect((await listInvites(world.context, access, { limit: 50 })).invites).toHaveLength(2);
  const other = inviteMany(world.context, access, { invites: [{ email: "c@example.com" }] }, key);
  expect(await outcomeOf(other)).toBe("idempotency_mismatch");
});

test("waits 3 seconds at most for all its mails together", async () => {
  const { access } = await founded();
  const invites = [
    { email: "slow1@example.com" },
    { email: "quick@example.com" },
    { email: "slow2@example.com" },
  ];
  const started = performance.now();
  const { results } = await inviteMany(world.context, access, { invites });
  expect(performance.now() - started).toBeLessThan(4_500);
  expect(results.map((one) => one.invite?.emailDelivery)).toEqual(["pending", "sent", "pending"]);
});

test("nothing is written of a call whose caller may not invite any more", async () => {
  const { owner, organization } = await founded();
  const admin = await world.join(organization, owner, "admin");
  const access = await accessTo(world.context, admin, organization, "invites.manage");
  await world.scratch.admin.query("update headroom.membership set role = 'member' where user_id = $1", [
    admin.userId,
  ]);
  const many = inviteMany(world.context, access, { invites: [{ email: "x@example.com" }] });
  expect(await outcomeOf(many)).toBe("forbidden");
  const { rows } = await world.scratch.admin.query(
    "select from headroom.invite where organization_id = $1 and status = 'pending'",
    [organization],
  );
  expect(rows).toEqual([]);
});

test("in direct mode those with a verified account are members at once, the others invited", async () => {
  const direct = world.under({ invites: { mode: "direct" } as never });
  const { organization, access } = await founded(direct);
  const grace = await world.person();
  const { results } = await inviteMany(direct, access, {
    invites: [
      { email: grace.email, role: "admin" },
      { email: `${uuidv7()}@example.com` },
      { email: grace.email },
    ],
  });
  expect(results.map(({ status, error }) => error?.code ?? status)).toEqual([
    "joined",
    "invited",
    "already_member",
  ]);
  expect(results[0]?.invite).toMatchObject({ status: "accepted", inviteUrl: null, emailDelivery: "skipped" });
  expect(results[0]?.invite?.teamMemberId).toMatch(/^mbr_/);
  expect(await world.roles(organization)).toEqual({ owner: 1, admin: 1 });
  const { rows } = await world.scratch.admin.query("select from headroom.invite_token where invite_id = $1", [
    rawId(results[0]?.invite ?? { id: "" }),
  ]);
  expect(rows).toEqual([]);
});
