import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { usageRequest as request } from "./testing/usage-requests.ts";
import { consumeUsage } from "./usage.ts";

let scratch: TestDatabase;
let api: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit: null, included: null, overage: null } });
});
afterAll(() => scratch.drop());

const ask = async (text: string, ...values: unknown[]) => (await scratch.admin.query(text, values)).rows;

/** What the one row of a credential says, and what everything that it depends on says, of the same credentials. */
async function bothAnswers(
  hashes: Buffer[],
  at: string,
  more: { tenant?: string; meter?: string; member?: string } = {},
) {
  const asked = [more.tenant, more.meter, more.member].map((one) => hashes.map(() => one ?? null));
  const [quick] = await ask(
    `select tenants, api_keys, coalesce(refusals, '{}') as refusals, array(
        select refusals[n] from generate_series(1, cardinality($1::bytea[])) n order by n) as why
      from headroom.who_asks($1::bytea[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz)`,
    hashes,
    ...asked,
    at,
  );
  const slow = await ask(
    `select a.organization_id as tenant, a.api_key_id as key, a.refusal
      from unnest($1::bytea[], $2::uuid[], $3::text[], $4::uuid[])
        with ordinality as w (hash, tenant, meter, member, place)
      cross join lateral headroom.usage_authority(w.hash, w.tenant, w.meter, w.member, 'usage:write', $5::timestamptz) a
      order by w.place`,
    hashes,
    ...asked,
    at,
  );
  return [
    hashes.map((_, n) => ({
      tenant: quick.why[n] === null ? quick.tenants[n] : null,
      key: quick.why[n] === null ? quick.api_keys[n] : null,
      refusal: quick.why[n],
    })),
    slow.map(({ tenant, key, refusal }) => ({
      tenant: refusal === null ? tenant : null,
      key: refusal === null ? key : null,
      refusal,
    })),
  ];
}

const changes = {
  revoke: "update headroom.api_key set revoked_at = now() where id = $1",
  restore: "update headroom.api_key set revoked_at = null where id = $1",
  expire: "update headroom.api_key set expires_at = '2028-01-01' where id = $1",
  extend: "update headroom.api_key set expires_at = '2028-06-01' where id = $1",
  forever: "update headroom.api_key set expires_at = null where id = $1",
  narrow: "update headroom.api_key set scopes = '{usage:read}' where id = $1",
  widen: "update headroom.api_key set scopes = '{usage:read,usage:write}' where id = $1",
  hand: "update headroom.api_key set member_id = gen_random_uuid() where id = $1",
  keep: "update headroom.api_key set member_id = null where id = $1",
  delete: "update headroom.organization set deleted_at = now() where id = $2 and $1::uuid is not null",
  undelete: "update headroom.organization set deleted_at = null where id = $2 and $1::uuid is not null",
  move: "update headroom.api_key_hash set api_key_id = api_key_id where api_key_id = $1 and $2::uuid is not null",
} as const;

test("whatever is done to keys and their organization, one row says what all of it says", async () => {
  const step = fc.record({
    change: fc.constantFrom(...(Object.keys(changes) as (keyof typeof changes)[])),
    key: fc.nat(2),
  });
  const elsewhere = await make.organization();
  let quickest = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const organization = await make.organization();
      const hashes = [
        await make.key(organization),
        await make.key(organization, { expiresAt: new Date("2028-05-01") }),
        await make.key(organization, { scopes: ["usage:read"] }),
      ];
      const ids = await ask(
        `select h.api_key_id as id from unnest($1::bytea[]) with ordinality as w (hash, place)
          join headroom.api_key_hash h on h.secret_hash = w.hash order by w.place`,
        hashes,
      );
      for (const { change, key } of steps) {
        const text = changes[change];
        await ask(text, ...(text.includes("$2") ? [ids[key]?.id, organization] : [ids[key]?.id]));
        for (const at of ["2027-12-31T00:00:00Z", "2028-05-15T00:00:00Z"]) {
          const [quick, slow] = await bothAnswers([...hashes, Buffer.alloc(32)], at);
          expect(quick).toEqual(slow);
        }
      }
      const named = [
        { tenant: organization },
        { tenant: elsewhere },
        { meter: "pages" },
        { meter: "none" },
        { member: elsewhere },
      ];
      for (const more of named) {
        const [quick, slow] = await bothAnswers(hashes, "2027-12-31T00:00:00Z", more);
        expect(quick).toEqual(slow);
      }
      const [{ count }] = await ask(
        "select count(*)::int from headroom.api_key_hash where secret_hash = any($1) and meters_until is not null",
        hashes,
      );
      quickest += count;
    }),
    { numRuns: 30 },
  );
  expect(quickest).toBeGreaterThan(0);
});

test("a key that is revoked, or whose organization is deleted, ends with that: alone and in a batch", async () => {
  for (const change of ["revoke", "delete"] as const) {
    const organization = await make.organization();
    const key = await make.key(organization);
    const outcomes = async () => {
      const alone = await consumeUsage(api, [request(key)]);
      const batch = await consumeUsage(api, [request(key), request(key)]);
      return [...alone, ...batch].map(({ outcome }) => outcome);
    };
    expect(await outcomes()).toEqual(["accepted", "accepted", "accepted"]);
    const [row] = await ask("select api_key_id as id from headroom.api_key_hash where secret_hash = $1", key);
    await ask(changes[change], ...(change === "delete" ? [row.id, organization] : [row.id]));
    const refusal = change === "delete" ? "organization_not_found" : "unauthenticated";
    expect(await outcomes()).toEqual([refusal, refusal, refusal]);
  }
});

/** Runs `second` while `first` is not yet committed, lets it wait if it does, and commits both. */
async function overlap(
  first: (client: pg.PoolClient) => Promise<unknown>,
  second: (client: pg.PoolClient) => Promise<unknown>,
): Promise<void> {
  const [one, two] = [await scratch.admin.connect(), await scratch.admin.connect()];
  try {
    await one.query("begin");
    await first(one);
    await two.query("begin");
    const [{ pid }] = (await two.query("select pg_backend_pid() as pid")).rows;
    let done = false;
    const following = second(two).finally(() => {
      done = true;
    });
    const settledOrWaiting = async () =>
      done || (await ask("select 1 from pg_locks where pid = $1 and not granted", pid)).length > 0;
    await expect.poll(settledOrWaiting).toBe(true);
    await one.query("commit");
    await following;
    await two.query("commit");
  } finally {
    one.release();
    two.release();
  }
}

test("a key and its organization's end, or its own, that do not see each other leave nothing that meters", async () => {
  for (const order of ["key first", "end first"] as const) {
    for (const end of ["delete", "revoke"] as const) {
      const organization = await make.organization();
      const hash = await make.key(organization);
      const [{ id }] = await ask(
        "select api_key_id as id from headroom.api_key_hash where secret_hash = $1",
        hash,
      );
      await ask("delete from headroom.api_key_hash where secret_hash = $1", hash);
      const born = (client: pg.PoolClient) =>
        client.query("insert into headroom.api_key_hash values ($1, $2, $3)", [hash, organization, id]);
      const ended = (client: pg.PoolClient) =>
        client.query(changes[end], end === "delete" ? [id, organization] : [id]);
      await (order === "key first" ? overlap(born, ended) : overlap(ended, born));
      const [outcome] = await consumeUsage(api, [request(hash)]);
      expect(outcome?.outcome).toBe(end === "delete" ? "organization_not_found" : "unauthenticated");
      expect(
        await ask("select meters_until from headroom.api_key_hash where secret_hash = $1", hash),
      ).toEqual([{ meters_until: null }]);
    }
  }
});

test("an organization that comes back while a key of it is revoked does not bring the key back", async () => {
  for (const order of ["revoke first", "return first"] as const) {
    const organization = await make.organization();
    const hash = await make.key(organization);
    const [{ id }] = await ask(
      "select api_key_id as id from headroom.api_key_hash where secret_hash = $1",
      hash,
    );
    await ask(changes.delete, id, organization);
    const revoked = (client: pg.PoolClient) => client.query(changes.revoke, [id]);
    const returned = (client: pg.PoolClient) => client.query(changes.undelete, [id, organization]);
    await (order === "revoke first" ? overlap(revoked, returned) : overlap(returned, revoked));
    expect((await consumeUsage(api, [request(hash)]))[0]?.outcome).toBe("unauthenticated");
  }
});
