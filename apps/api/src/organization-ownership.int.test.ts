import { createWorld, type PolicyChanges, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(20);
});
afterAll(() => world?.close());

const rows = async (sql: string, ...values: unknown[]) => (await world.scratch.admin.query(sql, values)).rows;

/** The api under policies, for as long as `work` runs. */
async function under(
  changes: PolicyChanges,
  work: (api: WorldServer) => Promise<void>,
  support: string | null = null,
): Promise<void> {
  const service = world.under(changes);
  const api = await serveWorld(
    { ...service, configuration: { ...service.configuration, support } },
    { operators: ["op"] },
  );
  try {
    await work(api);
  } finally {
    await api.close();
  }
}

const userOf = async (subject: string): Promise<string> =>
  (await rows("select id from headroom.account where subject = $1", subject))[0].id;

/** An organization with an admin and a member beside its founder. */
async function team(api: WorldServer, name: string) {
  const { body } = await api.call(name, "POST", "/organizations", { name });
  const raw = String(body.id).slice("org_".length);
  const people = { founder: name, admin: `${name}-admin`, member: `${name}-member` };
  for (const role of ["admin", "member"]) {
    await api.call(`${name}-${role}`, "GET", "/me");
    await rows(
      `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
       values ($1, gen_random_uuid(), $2, $3, now(), now())`,
      raw,
      await userOf(`${name}-${role}`),
      role,
    );
  }
  const idOf = async (subject: string) => `usr_${await userOf(subject)}`;
  return { ...people, raw, path: `/organizations/${body.id}`, idOf };
}

describe("ownership.transfer: operator", () => {
  test("tells the owner whom to ask, and nobody else more than that they may not", async () => {
    await under(
      {},
      async (api) => {
        const { founder, admin, member, path, idOf, raw } = await team(api, "ann");
        const body = { user_id: await idOf(admin) };
        expect(await api.call(founder, "POST", `${path}/transfer`, body)).toMatchObject({
          status: 403,
          body: { code: "ownership_transfer_disabled", details: { support: "help@example.com" } },
        });
        for (const person of [admin, member]) {
          expect(await api.call(person, "POST", `${path}/transfer`, body)).toMatchObject({
            status: 403,
            body: { code: "forbidden" },
          });
        }
        expect(await world.roles(raw)).toEqual({ owner: 1, admin: 1, member: 1 });
      },
      "help@example.com",
    );
  });

  test("an operator does it, and the audit log names them", async () => {
    await under({}, async (api) => {
      const { path, member, founder, idOf, raw } = await team(api, "bea");
      const body = { user_id: await idOf(member) };
      const done = await api.call("op", "POST", `${path}/transfer`, body, { "headroom-operator": "true" });
      expect(done).toMatchObject({
        status: 200,
        body: {
          owner_id: body.user_id,
          previous_owner_id: await idOf(founder),
          organization: { role: null },
        },
      });
      const [entry] = await rows(
        "select actor_kind, actor_id, action from headroom.audit_entry where organization_id = $1 order by seq desc",
        raw,
      );
      expect(entry).toEqual({
        actor_kind: "operator",
        actor_id: "https://issuer.example.com|op",
        action: "organization.ownership_transferred",
      });
    });
  });
});

describe("ownership.transfer: owner", () => {
  const owners: PolicyChanges = { ownership: { transfer: "owner" } };

  test("goes to an active member; the old owner is an admin, at once", async () => {
    await under(owners, async (api) => {
      const { founder, admin, member, path, idOf, raw } = await team(api, "cleo");
      const to = await idOf(member);
      expect(await api.call(admin, "POST", `${path}/transfer`, { user_id: to })).toMatchObject({
        status: 403,
      });
      const done = await api.call(founder, "POST", `${path}/transfer`, { user_id: to });
      expect(done).toMatchObject({
        status: 200,
        body: {
          organization: { role: "admin" },
          owner_id: to,
          previous_owner_id: await idOf(founder),
        },
      });
      expect(await world.roles(raw)).toEqual({ owner: 1, admin: 2 });
      expect(await api.call(member, "GET", `${path}/permissions`)).toMatchObject({
        body: { role: "owner", permissions: expect.arrayContaining(["organization.delete"]) },
      });
      expect(await api.call(founder, "POST", `${path}/transfer`, { user_id: to })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
      const events = await rows(
        "select name, payload from headroom.event where organization_id = $1 order by seq desc limit 1",
        raw,
      );
      expect(events).toEqual([
        {
          name: "organization.ownership_transferred",
          payload: { from: await idOf(founder), to },
        },
      ]);
    });
  });

  test("to a stranger, a former member or nobody is 400; to oneself changes nothing", async () => {
    await under(owners, async (api) => {
      const { founder, admin, path, idOf, raw } = await team(api, "dee");
      await api.call("dee-stranger", "GET", "/me");
      await api.call(founder, "DELETE", `${path}/members/${await idOf(admin)}`);
      const nobody = "usr_01890000-0000-7000-8000-000000000000";
      for (const user_id of [await idOf("dee-stranger"), await idOf(admin), nobody]) {
        expect(await api.call(founder, "POST", `${path}/transfer`, { user_id })).toMatchObject({
          status: 400,
          body: { code: "not_a_member" },
        });
      }
      const before = await rows("select from headroom.audit_entry where organization_id = $1", raw);
      const self = await api.call(founder, "POST", `${path}/transfer`, { user_id: await idOf(founder) });
      expect(self).toMatchObject({ status: 200, body: { organization: { role: "owner" } } });
      const after = await rows("select from headroom.audit_entry where organization_id = $1", raw);
      expect(after).toHaveLength(before.length);
    });
  });

  test("many at once, 15 rounds: one goes through, and there is always one owner", async () => {
    await under(owners, async (api) => {
      for (let round = 0; round < 15; round++) {
        const { founder, admin, member, path, idOf, raw } = await team(api, `race${round}`);
        const targets = [await idOf(admin), await idOf(member)];
        const answers = await Promise.all(
          [...targets, ...targets].map((user_id) =>
            api.call(founder, "POST", `${path}/transfer`, { user_id }),
          ),
        );
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403, 403, 403]);
        expect(await world.roles(raw)).toMatchObject({ owner: 1 });
      }
    });
  });

  test("to somebody who leaves or is removed at the same time, 16 rounds: either the one or the other", async () => {
    await under(owners, async (api) => {
      for (let round = 0; round < 16; round++) {
        const { founder, admin, member, path, idOf, raw } = await team(api, `going${round}`);
        const user_id = await idOf(member);
        const [leaves, goesFirst] = [round % 2 === 0, round % 4 < 2];
        const transfer = () => api.call(founder, "POST", `${path}/transfer`, { user_id });
        const going = () =>
          leaves
            ? api.call(member, "POST", `${path}/leave`, {})
            : api.call(admin, "DELETE", `${path}/members/${user_id}`);
        const both = goesFirst ? [going(), transfer()] : [transfer(), going()];
        const [gone, moved] = (await Promise.all(goesFirst ? both : both.toReversed())).map(
          ({ status, body }) => (status === 200 ? "done" : body.code),
        );
        const kept = { gone: leaves ? "last_owner" : "forbidden", moved: "done" };
        expect([kept, { gone: "done", moved: "not_a_member" }]).toContainEqual({ gone, moved });
        expect(await world.roles(raw)).toEqual(
          moved === "done" ? { owner: 1, admin: 2 } : { owner: 1, admin: 1 },
        );
      }
    });
  });

  test("two operators at once: one owner", async () => {
    await under(owners, async (api) => {
      const { admin, member, path, idOf, raw } = await team(api, "eve");
      const targets = [await idOf(admin), await idOf(member)];
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          api.call(
            "op",
            "POST",
            `${path}/transfer`,
            { user_id: targets[index % 2] },
            {
              "headroom-operator": "true",
            },
          ),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await world.roles(raw)).toMatchObject({ owner: 1 });
    });
  });
});

describe("roles.creator: admin", () => {
  test("the founder is admin with the owner's rights, through every procedure of an organization", async () => {
    await under({ roles: { creator: "admin" } }, async (api) => {
      const { founder, admin, member, path, idOf, raw } = await team(api, "fay");
      expect(await api.call(founder, "GET", path)).toMatchObject({ body: { role: "admin" } });
      const { body } = await api.call(founder, "GET", `${path}/permissions`);
      expect(body).toMatchObject({
        role: "admin",
        permissions: expect.arrayContaining(["organization.delete", "organization.transfer"]),
      });
      const listed = await api.call(founder, "GET", "/organizations");
      expect(listed.body.organizations).toMatchObject([{ role: "admin" }]);
      expect(await api.call(admin, "PATCH", path, { name: "Fig", slug: "fay-fig" })).toMatchObject({
        status: 200,
      });
      expect(await api.call(member, "PATCH", path, { name: "No" })).toMatchObject({ status: 403 });
      const user_id = await idOf(admin);
      for (const [person, headers] of [
        [founder, {}],
        ["op", { "headroom-operator": "true" }],
      ] as const) {
        const answer = await api.call(person, "POST", `${path}/transfer`, { user_id }, headers);
        expect([person, answer.body.code]).toEqual([
          person,
          person === "op" ? "invalid_role" : "ownership_transfer_disabled",
        ]);
      }
      expect(await api.call(founder, "POST", `${path}/leave`)).toMatchObject({ status: 200 });
      expect(await api.call(admin, "POST", `${path}/leave`)).toMatchObject({
        status: 409,
        body: { code: "last_admin" },
      });
      const promote = { role: "admin" };
      const memberPath = `${path}/members/${await idOf(member)}`;
      expect(await api.call(admin, "PATCH", memberPath, promote)).toMatchObject({ status: 200 });
      expect(await api.call(member, "DELETE", path, { slug: "fay-fig" })).toMatchObject({ status: 200 });
      expect(await rows("select from headroom.membership where organization_id = $1", raw)).toHaveLength(2);
    });
  });

  test("an owner from before keeps the role until they leave or are removed", async () => {
    let path = "";
    let raw = "";
    let ids: string[] = [];
    await under({}, async (api) => {
      const made = await team(api, "gil");
      ({ path, raw } = made);
      ids = [await made.idOf(made.founder), await made.idOf(made.admin)];
    });
    await under({ roles: { creator: "admin" } }, async (api) => {
      const permissions = (await api.call("gil", "GET", `${path}/permissions`)).body.permissions;
      expect((await api.call("gil-admin", "GET", `${path}/permissions`)).body.permissions).toEqual(
        permissions,
      );
      expect(await api.call("gil-admin", "DELETE", `${path}/members/${ids[0]}`)).toMatchObject({
        status: 200,
      });
      expect(await world.roles(raw)).toEqual({ admin: 1, member: 1 });
    });
    // Back under `owner` there is none: an operator names one.
    await under({}, async (api) => {
      const body = { user_id: ids[1] };
      expect(
        await api.call("op", "POST", `${path}/transfer`, body, { "headroom-operator": "true" }),
      ).toMatchObject({ status: 200, body: { owner_id: ids[1], previous_owner_id: null } });
      expect(await world.roles(raw)).toEqual({ owner: 1, member: 1 });
    });
  });
});
