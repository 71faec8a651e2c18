import { readAuditCheck } from "@headroom/db/audit-chains";
import type { Database } from "@headroom/db/client";
import { withSystem } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noteVerification, verifyAudit } from "./audit-verification.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { createWorld, invite, type World } from "./testing/world.ts";

let world: World;
let db: Database;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  db = await world.scratch.connect("hr_worker");
});
afterAll(() => world?.close());

/** Five entries: the organization's creation and four invites; the second is the first invite. */
let organization: string;
beforeEach(async () => {
  const owner = await world.person();
  organization = await world.organization(owner);
  for (const name of ["bob", "carol", "dan", "eve"]) {
    await invite(world.context, organization, owner, `${name}@example.com`);
  }
});

const verify = () => verifyAudit({ db }, { organizationId: organization });
const tamper = (statement: string) =>
  world.scratch.admin.query(statement.replaceAll("$org", `'${organization}'`));
const faultAfter = async (statement: string) => {
  await tamper(statement);
  const { faults } = await verify();
  return faults.map(({ organizationId, seq, fault }) => {
    expect(organizationId).toBe(encodeId("org", organization));
    return [seq, fault];
  });
};

test("an honest trail holds, also where text about a person was erased", async () => {
  expect(await verify()).toEqual({ trails: 1, entries: 5, faults: [] });
  await tamper("delete from headroom.audit_personal where organization_id = $org and seq = 2");
  expect(await verify()).toMatchObject({ entries: 5, faults: [] });
});

const other = "'01890000-0000-7000-8000-000000000000'";

test.each([
  ["at", "at + interval '1 microsecond'", "altered"],
  ["actor_kind", "'operator'", "altered"],
  ["actor_id", other, "altered"],
  ["on_behalf_of", other, "altered"],
  ["action", "'invite.revoked'", "altered"],
  ["target", "null", "altered"],
  ["data", 'data || \'{"role": "admin"}\'', "altered"],
  ["request_id", "'another'", "altered"],
  ["previous_hash", "hash", "altered"],
  ["hash", "sha256(hash)", "altered"],
])("an edit of %s by the table's owner is named", async (column, value, fault) => {
  const edit = `update headroom.audit_entry set ${column} = ${value} where organization_id = $org and seq = 3`;
  expect(await faultAfter(edit)).toEqual([[3, fault]]);
});

test("every column of an entry is covered", async () => {
  const { rows } = await world.scratch.admin.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'headroom.audit_entry'::regclass and attnum > 0 order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual([
    "action",
    "actor_id",
    "actor_kind",
    "at",
    "data",
    "hash",
    "on_behalf_of",
    "organization_id", // moved elsewhere, it is missing here
    "previous_hash",
    "request_id",
    "seq",
    "target",
  ]);
});

describe("the owner of the tables", () => {
  test("cannot take an entry out", async () => {
    const statement = "delete from headroom.audit_entry where organization_id = $org and seq = 3";
    expect(await faultAfter(statement)).toEqual([[3, "missing"]]);
  });

  test("cannot take the first entry out", async () => {
    const statement = "delete from headroom.audit_entry where organization_id = $org and seq = 1";
    expect(await faultAfter(statement)).toEqual([[1, "missing"]]);
  });

  test("cannot move an entry to another organization", async () => {
    const elsewhere = await world.organization(await world.person());
    const statement = `update headroom.audit_entry set organization_id = '${elsewhere}' where organization_id = $org and seq = 5`;
    expect(await faultAfter(statement)).toEqual([[5, "cut"]]);
    const { faults } = await verifyAudit({ db }, { organizationId: elsewhere });
    expect(faults).toMatchObject([{ seq: 2, fault: "missing" }]);
    await tamper(
      `update headroom.audit_entry set organization_id = $org where organization_id = '${elsewhere}' and seq = 5`,
    );
  });

  test("cannot cut the end off", async () => {
    const statement = "delete from headroom.audit_entry where organization_id = $org and seq > 3";
    expect(await faultAfter(statement)).toEqual([[4, "cut"]]);
  });

  test("cannot cut the whole trail off", async () => {
    expect(await faultAfter("delete from headroom.audit_entry where organization_id = $org")).toEqual([
      [1, "cut"],
    ]);
  });

  test("cannot swap two entries", async () => {
    const columns = ["at", "actor_kind", "actor_id", "action", "target", "data", "request_id", "hash"];
    const swap = columns.map((column) => `${column} = o.${column}`).join(", ");
    const statement = `update headroom.audit_entry e set ${swap} from headroom.audit_entry o
      where e.organization_id = $org and o.organization_id = $org and e.seq in (2, 3) and o.seq = 5 - e.seq`;
    expect(await faultAfter(statement)).toEqual([[2, "altered"]]);
  });

  test("cannot make an entry anew without the ones after it", async () => {
    const statement = `update headroom.audit_entry e set action = 'invite.revoked', hash = headroom.audit_hash(e.previous_hash,
        e.organization_id, e.seq, e.at, e.actor_kind, e.actor_id, e.on_behalf_of, 'invite.revoked', e.target, e.data, e.request_id)
      where organization_id = $org and seq = 3`;
    expect(await faultAfter(statement)).toEqual([[4, "unlinked"]]);
  });

  test("cannot add an entry beside the head, or change or drop the head", async () => {
    const more = `insert into headroom.audit_entry select organization_id, 6, at, actor_kind, actor_id, on_behalf_of,
        action, target, data, request_id, hash, headroom.audit_hash(hash, organization_id, 6, at, actor_kind, actor_id,
        on_behalf_of, action, target, data, request_id)
      from headroom.audit_entry where organization_id = $org and seq = 5`;
    expect(await faultAfter(more)).toEqual([[6, "beyond_head"]]);
    const moved = "update headroom.audit_head set seq = 6 where organization_id = $org";
    expect(await faultAfter(moved)).toEqual([[6, "head_altered"]]);
    expect(await faultAfter("delete from headroom.audit_head where organization_id = $org")).toEqual([
      [1, "beyond_head"],
    ]);
  });

  test("cannot change a person's text, its salt, or give it to another entry", async () => {
    const edit =
      "update headroom.audit_personal set value = 'mallory@example.com' where organization_id = $org and seq = 2";
    expect(await faultAfter(edit)).toEqual([[2, "text_altered"]]);
    await tamper(
      "update headroom.audit_personal set value = 'bob@example.com' where organization_id = $org and seq = 2",
    );
    expect((await verify()).faults).toEqual([]);
    const salt =
      "update headroom.audit_personal set salt = 'pepper' where organization_id = $org and seq = 4";
    expect(await faultAfter(salt)).toEqual([[4, "text_altered"]]);
    const moved = "update headroom.audit_personal set seq = 1 where organization_id = $org and seq = 2";
    expect(await faultAfter(moved)).toEqual([[1, "text_altered"]]);
  });
});

test("a trail of several pages holds, and names a fault where pages meet", async () => {
  await world.scratch.admin.query(
    `select headroom.record_change('${organization}', 'system', 'test', null, null, 'probe.made', null, '{}', '{}', null, '[]')
     from generate_series(1, 4100)`,
  );
  expect(await verify()).toEqual({ trails: 1, entries: 4_105, faults: [] });
  const cut = "delete from headroom.audit_entry where organization_id = $org and seq = 2001";
  expect(await faultAfter(cut)).toEqual([[2_001, "missing"]]);
});

test("a trail that grows while it is read holds", async () => {
  const growing = world.scratch.admin.query(
    `do $$ begin for i in 1..300 loop
       perform headroom.record_change('${organization}', 'system', 'test', null, null, 'probe.made', null, '{}', '{}', null, '[]');
       commit;
     end loop; end $$`,
  );
  const looks = [];
  for (let round = 0; round < 20; round += 1) {
    looks.push(...(await verify()).faults);
  }
  await growing;
  expect(looks).toEqual([]);
});

test("the operators' trail is a chain too, heads are told, and what was found is kept for metrics", async () => {
  expect(await readAuditCheck(db)).toBeNull();
  for (const action of ["plans.pushed", "platform_key.created", "platform_key.revoked"]) {
    await withSystem(db, (tx) =>
      recordOperatorAct(tx, { kind: "operator", name: "kim" }, { action, target: null }),
    );
  }
  const heads: unknown[] = [];
  const ours = await verifyAudit({ db }, { onHead: (head) => heads.push(head) });
  expect(ours.faults.filter(({ organizationId }) => organizationId === null)).toEqual([]);
  expect(heads).toContainEqual({
    organizationId: null,
    seq: 3,
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  await world.scratch.admin.query("update headroom.operator_entry set actor_id = 'lee' where seq = 2");
  const found = await verifyAudit({ db });
  expect(found.faults).toContainEqual({ organizationId: null, seq: 2, fault: "altered" });
  await noteVerification({ db }, found);
  await noteVerification({ db }, { ...found, faults: [] });
  expect(await readAuditCheck(db)).toMatchObject({ entries: found.entries, faults: 0 });
});
