import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, outcomeOf, type World } from "./testing/world.ts";
import { ensureUser, findActiveOrganization, getCaller, getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

const identity = (more: object = {}) => ({
  issuer: "https://issuer.example.com",
  subject: uuidv7(),
  email: "ada@example.com",
  emailVerified: true,
  name: "Ada",
  ...more,
});

const rowOf = async (userId: string) => {
  const { rows } = await world.scratch.admin.query(
    "select *, xmin::text as version from headroom.account where id = $1",
    [userId],
  );
  return rows[0];
};

test("twenty first requests of one person at once make one account", async () => {
  const ada = identity();
  const ids = await Promise.all(Array.from({ length: 20 }, () => ensureUser(world.context, ada)));
  expect(new Set(ids.map(({ userId }) => userId)).size).toBe(1);
});

test("the same subject of another issuer is another person, with the same address too", async () => {
  const ada = identity();
  const { userId } = await ensureUser(world.context, ada);
  const other = await ensureUser(world.context, { ...ada, issuer: "https://other.example.com" });
  expect(other.userId).not.toBe(userId);
});

test("the row is written when something changed, and only then", async () => {
  const ada = identity();
  const { userId } = await ensureUser(world.context, ada);
  const first = await rowOf(userId);
  await ensureUser(world.context, ada);
  expect(await rowOf(userId)).toEqual(first);
  await ensureUser(world.context, { ...ada, name: "Ada L." });
  expect(await rowOf(userId)).toMatchObject({
    name: "Ada L.",
    email: "ada@example.com",
    email_verified: true,
  });
});

test("what the issuer does not say stays; a new address brings its own verification", async () => {
  const ada = identity();
  const { userId } = await ensureUser(world.context, ada);
  await ensureUser(world.context, { ...ada, email: null, emailVerified: false, name: null });
  expect(await rowOf(userId)).toMatchObject({ email: "ada@example.com", email_verified: true, name: "Ada" });
  await ensureUser(world.context, { ...ada, email: "new@example.com", emailVerified: false });
  expect(await rowOf(userId)).toMatchObject({ email: "new@example.com", email_verified: false });
});

test("the caller sees themselves as the credential names them", async () => {
  const person = await world.person();
  expect(await getCaller(world.context, person)).toEqual({
    kind: "user",
    user: {
      id: `usr_${person.userId}`,
      email: person.email,
      emailVerified: true,
      name: "Ada",
      activeOrganizationId: null,
      operator: false,
    },
  });
  const [row] = (
    await world.scratch.admin.query("select issuer, subject from headroom.account where id = $1", [
      person.userId,
    ])
  ).rows;
  const listed = new Set([`${row.issuer}|${row.subject}`]);
  expect(await getCaller(world.context, person, listed)).toMatchObject({ user: { operator: true } });
  const organization = await world.organization(person);
  expect(await findActiveOrganization(world.context, person.userId)).toBe(organization);
  const key = { kind: "platform_key", keyId: uuidv7(), scopes: ["impersonate"] } as const;
  expect(await getCaller(world.context, { ...key, onBehalfOf: person.userId }, listed)).toMatchObject({
    kind: "platform_key",
    onBehalfOf: { id: `usr_${person.userId}`, activeOrganizationId: `org_${organization}`, operator: false },
  });
  expect(await outcomeOf(getUser(world.context, uuidv7()))).toBe("user_not_found");
  expect(await outcomeOf(getCaller(world.context, { kind: "operator", name: "ops" }))).toBe("forbidden");
});
