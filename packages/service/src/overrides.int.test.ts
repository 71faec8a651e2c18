import { withUser } from "@headroom/db/tenancy";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { assertMayCreate } from "./features.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { changeOverrides, readOverrides, setOverride } from "./overrides.ts";
import { handOn, operator, withFeature } from "./testing/overrides.ts";
import { accessTo, createWorld, invite, outcomeOf, type Person, type World } from "./testing/world.ts";
import { consume, type UsageCaller } from "./usage.ts";
import { createUsageLane, type UsageLane } from "./usage-lane.ts";
import { getUsage } from "./usage-reading.ts";

let world: World;
let lane: UsageLane;

beforeAll(async () => {
  world = await createWorld();
  lane = createUsageLane(world.context.db);
});
afterAll(() => world?.close());
beforeEach(() => world.make.setClock("2028-06-15T12:00:00Z"));

interface Tenant {
  id: string;
  owner: Person;
  caller: UsageCaller;
}

async function tenant(): Promise<Tenant> {
  const owner = await world.person();
  const id = await world.organization(owner);
  return { id, owner, caller: { credential: await world.make.key(id), organizationId: null } };
}

const take = ({ caller }: Tenant, quantity: number) => consume(lane, caller, { quantity, mode: "reject" });
const hand = ({ id }: Tenant) => handOn(world.context, id);
const dayOf = async ({ id, owner }: Tenant) => {
  const { usage } = await getUsage(world.context, await accessTo(world.context, owner, id, "usage.view"));
  return [usage.dailyUsed, usage.dailyLimit];
};
const trail = async ({ id }: Tenant) => {
  const { rows } = await world.scratch.admin.query(
    `select actor_kind as kind, actor_id as id, action, target, data from headroom.audit_entry
     where organization_id = $1 and action like 'override.%' order by seq`,
    [id],
  );
  return rows;
};
const changed = async ({ id }: Tenant) => {
  const { rows } = await world.scratch.admin.query(
    "select from headroom.event where organization_id = $1 and name = 'entitlements.changed'",
    [id],
  );
  return rows.length;
};

describe("a limit", () => {
  test("that is lowered below what is used blocks at once, raised opens at once, and nothing is reset", async () => {
    const acme = await tenant();
    expect(await take(acme, 60)).toMatchObject({ allowed: true });
    await hand(acme).set("daily_limit", "pages", 50);
    expect(await take(acme, 1)).toMatchObject({ allowed: false, reason: "daily_limit", remaining: 0 });
    expect(await dayOf(acme)).toEqual([60, 50]);
    await hand(acme).set("daily_limit", "pages", 5_000);
    expect(await take(acme, 4_940)).toMatchObject({ allowed: true, remaining: 0 });
    await hand(acme).set("daily_limit", "pages", null);
    expect(await take(acme, 1_000_000)).toMatchObject({ allowed: true, remaining: null });
    await hand(acme).set("daily_limit", "pages", 0);
    expect(await take(acme, 1)).toMatchObject({ allowed: false });
    await hand(acme).remove("daily_limit", "pages");
    expect(await dayOf(acme)).toEqual([1_005_000, 100]);
  });

  test("of a period is the hard cap where no overage is allowed, and closes what the plan left open", async () => {
    const acme = await tenant();
    await hand(acme).set("included", "pages", 40);
    expect(await take(acme, 41)).toMatchObject({ allowed: false, reason: "hard_cap", hardCap: 40 });
    expect(await take(acme, 40)).toMatchObject({ allowed: true, included: 40, maxOverage: 0, overage: 0 });
    await hand(acme).remove("included", "pages");
    expect(await take(acme, 1)).toMatchObject({ allowed: true, included: null, hardCap: null });
  });

  test("ends at its expiry by itself, on the gate and in what is told", async () => {
    const acme = await tenant();
    const expiresAt = "2028-06-15T13:00:00.000Z";
    expect(await take(acme, 90)).toMatchObject({ allowed: true });
    await hand(acme).set("daily_limit", "pages", 500, { expiresAt });
    expect(await take(acme, 100)).toMatchObject({ allowed: true, remaining: 310 });
    await world.make.setClock("2028-06-15T12:59:58Z");
    expect(await take(acme, 1)).toMatchObject({ allowed: true });
    await world.make.setClock(expiresAt);
    expect(await dayOf(acme)).toEqual([191, 100]);
    expect(await take(acme, 1)).toMatchObject({ allowed: false, reason: "daily_limit" });
    const { overrides } = await readOverrides(world.context, await manage(acme));
    expect(overrides).toMatchObject([{ kind: "daily_limit", name: "pages", value: 500, inForce: false }]);
  });

  test("holds whatever becomes of the subscription", async () => {
    const acme = await tenant();
    await hand(acme).set("daily_limit", "pages", 7);
    for (const state of ["past_due", "suspended", "ended"]) {
      await world.scratch.admin.query(
        `update headroom.subscription set state = $2, plan_id = 'free', plan_version = 1, limits_until = now()
         where organization_id = $1`,
        [acme.id, state],
      );
      await world.scratch.admin.query("select headroom.refresh_limits($1)", [acme.id]);
      expect((await dayOf(acme))[1]).toBe(7);
    }
  });

  test("is exact while it changes: each consume obeys the old or the new one, later ones the new", async () => {
    for (let round = 0; round < 12; round++) {
      const [from, to] = round % 2 === 0 ? [100, 50] : [50, 150];
      const acme = await tenant();
      await hand(acme).set("daily_limit", "pages", from);
      const running = Promise.all(Array.from({ length: 20 }, () => take(acme, 10)));
      const later = hand(acme)
        .set("daily_limit", "pages", to)
        .then(() => Promise.all(Array.from({ length: 5 }, () => take(acme, 10))));
      const [during, after] = await Promise.all([running, later]);
      for (const { allowed, windows } of during) {
        expect([from, to]).toContain(windows.day.limit);
        if (allowed) expect(windows.day.used).toBeLessThanOrEqual(windows.day.limit ?? 0);
      }
      expect(after.map(({ windows }) => windows.day.limit)).toEqual(Array(5).fill(to));
      const accepted = [...during, ...after].reduce((sum, one) => sum + one.acceptedQuantity, 0);
      expect((await dayOf(acme))[0]).toBe(accepted);
      expect(accepted).toBeLessThanOrEqual(Math.max(from, to));
      // No refusal while room was left.
      if (to > from) expect(accepted).toBeGreaterThanOrEqual(from);
    }
  });
});

const manage = ({ id }: Tenant) => authorize(world.context, operator, id, "overrides.manage");

describe("seats", () => {
  test("stand in place of the plan's total, and the refusal offers no plan that would not help", async () => {
    await world.make.plan("bigger", {}, { isDefault: false });
    await world.seats(2);
    await world.scratch.admin.query("update headroom.plan set seats_included = 99 where id = 'bigger'");
    const acme = await tenant();
    await world.join(acme.id, acme.owner);
    const refusal = () =>
      invite(world.context, acme.id, acme.owner, "late@example.com").catch((error) => error);
    expect(await refusal()).toMatchObject({
      code: "seat_limit_reached",
      details: { limit: 2, available: 0, upgradePlans: [{ planId: "bigger" }] },
    });
    await hand(acme).set("seats", null, 4);
    await world.join(acme.id, acme.owner);
    await world.join(acme.id, acme.owner);
    expect(await refusal()).toMatchObject({
      code: "seat_limit_reached",
      details: { limit: 4, members: 4, used: 4, available: 0, upgradePlans: [] },
    });
    await hand(acme).set("seats", null, null);
    await world.join(acme.id, acme.owner);
    await hand(acme).set("seats", null, 1, { expiresAt: "2028-06-15T13:00:00Z" });
    expect(await refusal()).toMatchObject({ details: { limit: 1, members: 5 } });
    await world.seats(6);
    await world.make.setClock("2028-06-15T13:00:00Z");
    await world.join(acme.id, acme.owner);
    expect(await refusal()).toMatchObject({ details: { limit: 6, members: 6 } });
    await world.seats(5);
  });

  test("of an override bind who joins by an open invite as well: refused, the invite stays", async () => {
    const acme = await tenant();
    const guest = await world.person();
    const { token } = await invite(world.context, acme.id, acme.owner, guest.email);
    await hand(acme).set("seats", null, 1);
    expect(await outcomeOf(acceptInvite(world.context, guest, { token }))).toBe("seat_limit_reached");
    await hand(acme).set("seats", null, 2);
    expect(await outcomeOf(acceptInvite(world.context, guest, { token }))).toBe("ok");
  });

  test("are additional members where the owner takes none", async () => {
    const context = world.under({ seats: { basis: "excluding_owner", countPending: true } });
    const acme = await tenant();
    await hand(acme).set("seats", null, 1);
    await world.join(acme.id, acme.owner, "member", context);
    expect(await outcomeOf(invite(context, acme.id, acme.owner, "late@example.com"))).toBe(
      "seat_limit_reached",
    );
  });

  test("are never exceeded while the override is lowered and raised", async () => {
    for (let round = 0; round < 6; round++) {
      const acme = await tenant();
      await hand(acme).set("seats", null, 9);
      const invites = Array.from({ length: 12 }, (_, index) =>
        outcomeOf(invite(world.context, acme.id, acme.owner, `guest${index}@example.com`)),
      );
      const lowered = hand(acme).set("seats", null, 3);
      const outcomes = await Promise.all(invites);
      await lowered;
      expect(outcomes.filter((one) => one === "ok").length).toBeLessThanOrEqual(8);
      expect(await outcomeOf(invite(world.context, acme.id, acme.owner, "late@example.com"))).toBe(
        outcomes.filter((one) => one === "ok").length >= 2 ? "seat_limit_reached" : "ok",
      );
    }
  });
});

describe("a feature", () => {
  test("that an override gives or takes decides, until it expires", async () => {
    const base = world.under({ organizations: { createRequires: "many" } });
    const context = withFeature(base, "many");
    const acme = await tenant();
    const may = () =>
      outcomeOf(
        withUser(context.db, acme.owner.userId, (tx) =>
          assertMayCreate(tx, context.configuration, acme.owner.userId),
        ),
      );
    const define = (features: object) =>
      world.scratch.admin.query("update headroom.plan set definition = definition || $1", [
        { displayName: "Free", features },
      ]);
    const set = async (value: boolean | number | string, expiresAt?: string) =>
      setOverride(context, await authorize(context, operator, acme.id, "overrides.manage"), {
        kind: "feature",
        name: "many",
        value,
        reason: "asked for",
        expiresAt,
      });
    await define({});
    expect(await may()).toBe("plan_required");
    await set(true, "2028-06-15T13:00:00Z");
    expect(await may()).toBe("ok");
    await world.make.setClock("2028-06-15T13:00:00Z");
    expect(await may()).toBe("plan_required");
    await define({ many: true });
    expect(await may()).toBe("ok");
    for (const value of [false, 0, ""]) {
      await set(value);
      expect(await may()).toBe("plan_required");
    }
    await handOn(context, acme.id).remove("feature", "many");
    expect(await may()).toBe("ok");
  });
});

describe("what is left behind", () => {
  test("an entry by the operator with before and after, and one event for each change", async () => {
    const acme = await tenant();
    const first = { value: 500, reason: "launch", expiresAt: "2028-07-01T00:00:00.000Z" };
    await hand(acme).set("daily_limit", "pages", 500, first);
    await hand(acme).set("daily_limit", "pages", null, { reason: "for good" });
    await hand(acme).remove("daily_limit", "pages");
    const entry = { kind: "operator", id: "kim", target: `org_${acme.id}` };
    const place = { kind: "daily_limit", name: "pages" };
    const second = { value: null, reason: "for good", expiresAt: null };
    expect(await trail(acme)).toEqual([
      { ...entry, action: "override.set", data: { ...place, ...first, previous: null } },
      { ...entry, action: "override.set", data: { ...place, ...second, previous: first } },
      { ...entry, action: "override.removed", data: { ...place, previous: second } },
    ]);
    expect(await changed(acme)).toBe(3);
  });

  test("nothing, of what is refused or only tried", async () => {
    const acme = await tenant();
    const set = (
      kind: "daily_limit" | "seats" | "feature",
      name: string | null,
      value: number,
      expiresAt?: string,
    ) => outcomeOf(hand(acme).set(kind, name, value, expiresAt === undefined ? {} : { expiresAt }));
    expect(await set("daily_limit", "words", 5)).toBe("unknown_meter");
    expect(await set("daily_limit", null, 5)).toBe("validation_failed");
    expect(await set("seats", "pages", 5)).toBe("validation_failed");
    expect(await set("feature", "typo", 5)).toBe("validation_failed");
    expect(await set("seats", null, 5, "2028-06-15T12:00:00Z")).toBe("validation_failed");
    expect(await set("seats", null, -1)).toBe("validation_failed");
    expect(await outcomeOf(hand(acme).remove("seats", null))).toBe("resource_not_found");
    const changes = [
      { kind: "daily_limit", name: "pages", value: 5 },
      { kind: "seats", name: null },
    ] as const;
    const tried = await changeOverrides(world.context, await manage(acme), {
      changes,
      reason: "x",
      dryRun: true,
    });
    expect(tried).toMatchObject([{ kind: "daily_limit", previous: null, override: { value: 5 } }]);
    // One that is refused takes those beside it back.
    const mixed = [...changes, { kind: "daily_limit", name: "words", value: 5 }] as const;
    const refused = changeOverrides(world.context, await manage(acme), { changes: mixed, reason: "x" });
    expect(await outcomeOf(refused)).toBe("unknown_meter");
    expect(await readOverrides(world.context, await manage(acme))).toEqual({ overrides: [] });
    expect([await trail(acme), await changed(acme)]).toEqual([[], 0]);
  });

  test("nobody but an operator gets that far, the owner neither", async () => {
    const acme = await tenant();
    expect(await outcomeOf(accessTo(world.context, acme.owner, acme.id, "overrides.manage"))).toBe(
      "forbidden",
    );
  });

  test("of two operators at once both are written down, and the last one stands", async () => {
    const acme = await tenant();
    await Promise.all([5, 6, 7, 8].map((value) => hand(acme).set("daily_limit", "pages", value)));
    const entries = await trail(acme);
    const { overrides } = await readOverrides(world.context, await manage(acme));
    expect(entries).toHaveLength(4);
    expect(overrides.map(({ value }) => value)).toEqual([entries[3]?.data.value]);
    expect(entries.slice(1).map(({ data }) => data.previous.value)).toEqual(
      entries.slice(0, 3).map(({ data }) => data.value),
    );
    expect((await dayOf(acme))[1]).toBe(entries[3]?.data.value);
  });
});
