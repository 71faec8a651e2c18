import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findAccountByIdentity } from "./accounts.ts";
import type { Database } from "./client.ts";
import { readMemberPage } from "./member-list.ts";
import { findRole } from "./members.ts";
import { readLivingOrganization } from "./organizations.ts";
import { findKeyByHash } from "./resolved-keys.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { countStatements } from "./testing/statements.ts";
import { usageRequest } from "./testing/usage-requests.ts";
import { consumeUsage } from "./usage.ts";
import { readUsageStatus } from "./usage-readings.ts";

let scratch: TestDatabase;
let api: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  make = createFactory(scratch.admin);
  await make.plan("free", {
    pages: { dailyLimit: null, included: 1_000_000, overage: null },
    jobs: { dailyLimit: 5, included: null, overage: null },
  });
});
afterAll(() => scratch.drop());

const findKey = (hash: Buffer, isUsageWanted?: boolean) =>
  findKeyByHash(api, hash.toString("hex"), isUsageWanted);

const usedOf = async (organizationId: string) =>
  (await readUsageStatus(api, organizationId)).map(({ meter, periodUsed }) => [meter, periodUsed]);

test("each of 200 organizations in one statement gets its own key, role and usage", async () => {
  const customers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const id = await make.organization();
      const key = await make.key(id);
      const member = await make.member(id, index % 2 === 0 ? "admin" : "member");
      return { id, key, member, used: index + 1 };
    }),
  );
  const requests = customers.map(({ key, used }) => usageRequest(key, { quantity: used }));
  await consumeUsage(api, requests);
  const stranger = uuidv7();
  const { result, statements } = await countStatements(api, () =>
    Promise.all(
      customers.map(({ id, key, member }) =>
        Promise.all([
          findKey(key),
          findRole(api, id, member),
          findRole(api, id, null),
          findRole(api, id, stranger),
          usedOf(id),
        ]),
      ),
    ),
  );
  // 600 roles are three statements: 256 at most go in one.
  expect(statements).toHaveLength(5);
  for (const [index, { id, used }] of customers.entries()) {
    const [key, role, organization, none, usage] = result[index] ?? [];
    expect(key).toMatchObject({ organizationId: id, memberUserId: null, role: null });
    expect(role).toBe(index % 2 === 0 ? "admin" : "member");
    expect([organization, none]).toEqual([null, undefined]);
    expect(usage).toEqual([
      ["pages", used],
      ["jobs", 0],
    ]);
  }
});

test("a key brings along the usage of its own organization, for who asked for it, and sees what was acknowledged", async () => {
  const customers = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const id = await make.organization();
      return { id, key: await make.key(id), used: index + 1 };
    }),
  );
  await consumeUsage(
    api,
    customers.map(({ key, used }) => usageRequest(key, { quantity: used })),
  );
  const platform = await make.key(null);
  const { result, statements } = await countStatements(api, () =>
    Promise.all([
      findKey(platform, true),
      findKey(Buffer.alloc(32, 1), true),
      ...customers.map(({ key }) => Promise.all([findKey(key, true), findKey(key)])),
    ]),
  );
  expect(statements).toHaveLength(1);
  const [ofPlatform, ofNobody, ...pairs] = result;
  expect(ofPlatform).toMatchObject({ organizationId: null });
  expect(ofPlatform).not.toHaveProperty("usage");
  expect(ofNobody).toBeNull();
  for (const [index, { id, used }] of customers.entries()) {
    const [asking, plain] = pairs[index] as Exclude<(typeof pairs)[number], null>;
    expect(asking?.usage).toEqual(await readUsageStatus(api, id));
    expect(asking?.usage?.map(({ meter, periodUsed }) => [meter, periodUsed])).toEqual([
      ["pages", used],
      ["jobs", 0],
    ]);
    expect(plain).toMatchObject({ organizationId: id });
    expect(plain).not.toHaveProperty("usage");
  }
});

test("each of 40 organizations in few statements gets its own people, invites and fields, page by page", async () => {
  const customers = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const id = await make.organization();
      const people = [];
      for (let joined = 0; joined < 3; joined++) people.push(await make.member(id));
      return { id, people };
    }),
  );
  const gone = await make.organization();
  await scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [gone]);
  const { result, statements } = await countStatements(api, () =>
    Promise.all(
      customers.map(({ id }) =>
        Promise.all([
          readMemberPage(api, id, { after: null, limit: 2 }),
          readMemberPage(api, id, { after: null, limit: 2 }),
          readLivingOrganization(api, id),
        ]),
      ),
    ),
  );
  // 40 pages are three statements: 16 at most go in one.
  expect(statements).toHaveLength(4);
  for (const [index, { id, people }] of customers.entries()) {
    const [page, same, organization] = result[index] ?? [];
    expect(same).toBe(page);
    expect(page?.members.map(({ user_id }) => user_id)).toEqual(people.slice(0, 2));
    expect(page?.seats.members).toEqual({ owner: 0, admin: 0, member: 3 });
    expect(organization).toMatchObject({ id, created_at: expect.any(Date) });
    const after = { kind: "member", id: page?.members[1]?.id ?? "" } as const;
    const rest = await readMemberPage(api, id, { after, limit: 2 });
    expect(rest.members.map(({ user_id }) => user_id)).toEqual(people.slice(2));
  }
  expect(await readLivingOrganization(api, gone)).toBeNull();
});

test("a personal key tells the role of its member", async () => {
  const organization = await make.organization();
  const member = await make.member(organization, "admin");
  const key = await make.key(organization, { memberId: member });
  expect(await findKey(key)).toMatchObject({ memberUserId: member, role: "admin" });
});

test("under load a read after a consume sees it, 1,600 times", async () => {
  const drivers = await Promise.all(
    Array.from({ length: 4 }, () =>
      Promise.all(
        Array.from({ length: 10 }, async () => {
          const id = await make.organization();
          return { id, key: await make.key(id) };
        }),
      ),
    ),
  );
  let isOver = false;
  // There is always a statement under way that asks for the same.
  const load = drivers.flat().map(async ({ id }) => {
    while (!isOver) await readUsageStatus(api, id);
  });
  let reads = 0;
  await Promise.all(
    drivers.map(async (customers) => {
      for (let used = 1; used <= 40; used++) {
        await consumeUsage(
          api,
          customers.map(({ key }) => usageRequest(key)),
        );
        const seen = await Promise.all(customers.map(({ id }) => usedOf(id)));
        expect(seen.map(([pages]) => pages)).toEqual(customers.map(() => ["pages", used]));
        reads += seen.length;
      }
    }),
  );
  isOver = true;
  await Promise.all(load);
  expect(reads).toBe(1_600);
});

test("a revoked key, a removed member and a deleted organization are gone at once, while others ask for them", async () => {
  const [organization, doomed] = [await make.organization(), await make.organization()];
  const members = await Promise.all(Array.from({ length: 30 }, () => make.member(organization)));
  const keys = await Promise.all(members.map((memberId) => make.key(organization, { memberId })));
  const doomedKey = await make.key(doomed);
  let isOver = false;
  const load = Array.from({ length: 50 }, async (_, index) => {
    while (!isOver) {
      await findKey(keys[index % keys.length] as Buffer);
      await findRole(api, organization, members[index % members.length] as string);
      await findRole(api, doomed, null);
    }
  });
  for (const [index, key] of keys.entries()) {
    expect(await findKey(key)).not.toBeNull();
    await scratch.admin.query("update headroom.api_key set revoked_at = now() where member_id = $1", [
      members[index],
    ]);
    expect(await findKey(key)).toBeNull();
    expect(await findRole(api, organization, members[index] as string)).toBe("member");
    await scratch.admin.query("delete from headroom.membership where user_id = $1", [members[index]]);
    expect(await findRole(api, organization, members[index] as string)).toBeUndefined();
  }
  expect(await findRole(api, doomed, null)).toBeNull();
  await scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [doomed]);
  expect(await findRole(api, doomed, null)).toBeUndefined();
  expect(await findKey(doomedKey)).toBeNull();
  isOver = true;
  await Promise.all(load);
});

test("what no UUID is fails its own read and no other's of the same statement", async () => {
  const organization = await make.organization();
  const answers = await Promise.allSettled([
    findRole(api, organization, null),
    findRole(api, "not-a-uuid", null),
    readUsageStatus(api, organization),
    readUsageStatus(api, "not-a-uuid"),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
});

test("sessions that the server ends under load cost at most what they would cost alone", async () => {
  const own = await scratch.connect("hr_api");
  const organization = await make.organization();
  const answered = new Array<number>(50).fill(0);
  let failed = 0;
  let isOver = false;
  const load = answered.map(async (_, caller) => {
    while (!isOver) {
      await findRole(own, organization, null).then(
        () => answered.splice(caller, 1, (answered[caller] ?? 0) + 1),
        () => failed++,
      );
    }
  });
  // A read that was cut off is asked once more: the next end comes when nobody waits for such an answer any more.
  const rest = async () => {
    const before = [...answered];
    while (failed === 0 && answered.some((count, caller) => count < (before[caller] ?? 0) + 2)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  let ended = 0;
  for (let kill = 0; kill < 5; kill++) {
    await rest();
    const { rowCount } = await scratch.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%member_roles%' and datname = current_database() and pid <> pg_backend_pid()",
    );
    ended += rowCount ?? 0;
  }
  await rest();
  isOver = true;
  await Promise.all(load);
  expect(failed).toBe(0);
  expect(ended).toBeGreaterThan(0);
});

test("a migration that changes what a statement answers costs nobody an answer", async () => {
  const own = await scratch.connect("hr_api");
  const member = await make.member(await make.organization());
  const { rows } = await scratch.admin.query("select issuer, subject from headroom.account where id = $1", [
    member,
  ]);
  // Several connections have prepared the statement.
  const ask = () =>
    Promise.all(
      Array.from({ length: 600 }, (_, n) =>
        findAccountByIdentity(own, n === 0 ? rows[0] : { issuer: "none", subject: String(n) }),
      ),
    );
  await ask();
  await scratch.admin.query("alter table headroom.account alter column name type varchar");
  expect((await ask())[0]).toMatchObject({ id: member });
  expect((await ask())[0]).toMatchObject({ id: member });
});
