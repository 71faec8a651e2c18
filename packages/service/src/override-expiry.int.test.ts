import type { Database } from "@headroom/db/client";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { tellExpiredOverrides } from "./override-expiry.ts";
import { handOn } from "./testing/overrides.ts";
import { createWorld, type World } from "./testing/world.ts";

let world: World;
let worker: Database;

beforeAll(async () => {
  world = await createWorld();
  worker = await world.scratch.connect("hr_worker");
});
afterAll(async () => {
  await worker?.close();
  await world?.close();
});
beforeEach(() => world.make.setClock("2028-06-15T12:00:00Z"));

const tell = () => tellExpiredOverrides({ db: worker });

async function told(organizationId: string) {
  const { rows } = await world.scratch.admin.query(
    `select count(*) filter (where name = 'entitlements.changed')::int as events,
       (select count(*)::int from headroom.audit_entry a
        where a.organization_id = $1 and a.action = 'override.expired') as entries
     from headroom.event where organization_id = $1`,
    [organizationId],
  );
  return rows[0];
}

test("what has expired is told once, by however many at once, and what has not is not", async () => {
  const acme = await world.organization(await world.person());
  const other = await world.organization(await world.person());
  const expiresAt = "2028-06-15T13:00:00Z";
  await handOn(world.context, acme).set("daily_limit", "pages", 5, { expiresAt });
  await handOn(world.context, acme).set("seats", null, 5, { expiresAt });
  await handOn(world.context, acme).set("included", "pages", 5);
  await handOn(world.context, other).set("seats", null, 5, { expiresAt: "2028-06-15T13:00:01Z" });
  expect(await told(acme)).toEqual({ events: 3, entries: 0 });
  await world.make.setClock("2028-06-15T12:59:50Z");
  expect(await tell()).toBe(0);
  await world.scratch.admin.query(
    "update headroom.dev_clock set clock_offset = clock_offset + interval '10 seconds'",
  );
  const rounds = await Promise.all(Array.from({ length: 6 }, tell));
  expect(rounds.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(2);
  expect(await told(acme)).toEqual({ events: 4, entries: 2 });
  await world.make.setClock("2028-06-16T12:00:00Z");
  await tell();
  expect(await tell()).toBe(0);
  expect(await told(acme)).toEqual({ events: 4, entries: 2 });
  expect(await told(other)).toEqual({ events: 2, entries: 1 });
});

test("one that was set anew is told again when that expires", async () => {
  const acme = await world.organization(await world.person());
  for (const expiresAt of ["2028-06-15T13:00:00Z", "2028-06-15T14:00:00Z"]) {
    await handOn(world.context, acme).set("seats", null, 5, { expiresAt });
    await world.make.setClock(expiresAt);
    expect(await tell()).toBe(1);
  }
  expect(await told(acme)).toEqual({ events: 4, entries: 2 });
});

test("of a deleted organization nothing is told", async () => {
  const acme = await world.organization(await world.person());
  await handOn(world.context, acme).set("seats", null, 5, { expiresAt: "2028-06-15T13:00:00Z" });
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
    acme,
  ]);
  await world.make.setClock("2028-06-15T13:00:00Z");
  expect(await tell()).toBe(0);
  expect(await told(acme)).toEqual({ events: 1, entries: 0 });
});
