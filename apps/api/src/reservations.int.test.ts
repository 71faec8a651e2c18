import { expireReservations } from "@headroom/db/open-reservations";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { verifyUsage } from "@headroom/service/metering";
import { createApiKey } from "@headroom/service/organization-keys";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let server: WorldServer;
beforeAll(async () => {
  world = await createWorld();
  server = await serveWorld(world.context);
});
afterAll(async () => {
  await server?.close();
  await world?.close();
});
beforeEach(() => world.make.setClock("2028-06-15T12:00:00Z"));

/** An organization with a key that meters and reads; 100 pages a day. */
async function tenant() {
  const owner = await world.person();
  const id = await world.organization(owner);
  const access = await accessTo(world.context, owner, id, "keys.manage");
  const { secret } = await createApiKey(world.context, access, {
    name: "back end",
    scopes: ["usage:write", "usage:read"],
  });
  const post = (path: string, body: object, headers = {}) => server.call(secret, "POST", path, body, headers);
  return {
    id,
    owner,
    secret: secret ?? "",
    post,
    reserve: (body: object, headers = {}) => post("/usage/reservations", body, headers),
    commit: (reservation: string, body: object = {}, headers = {}) =>
      post(`/usage/reservations/${reservation}/commit`, body, headers),
    release: (reservation: string) => post(`/usage/reservations/${reservation}/release`, {}),
    list: async (query = "") => (await server.call(secret, "GET", `/usage/reservations${query}`)).body,
    usage: async () => (await server.call(secret, "GET", "/usage")).body.usage,
  };
}

describe("reserve, commit, release", () => {
  test("a hold is seen everywhere, and a commit of less gives the rest back", async () => {
    const acme = await tenant();
    const made = await acme.reserve({ quantity: 60 });
    expect(made).toMatchObject({
      status: 201,
      body: {
        allowed: true,
        duplicate: false,
        reservation: { status: "held", meter: "pages", quantity: 60 },
        windows: { day: { used: 0, held: 60, limit: 100 } },
        remaining: 40,
      },
    });
    expect(made.body.reservation.id).toMatch(/^res_/);
    expect(Date.parse(made.body.reservation.expires_at)).toBeGreaterThanOrEqual(
      Date.parse("2028-06-15T12:10:00Z"),
    );
    expect(await acme.post("/usage/check", { quantity: 41 })).toMatchObject({
      body: { allowed: false, reason: "daily_limit", remaining: 40 },
    });
    const committed = await acme.commit(made.body.reservation.id, { quantity: 25 });
    expect(committed).toMatchObject({
      status: 200,
      body: {
        allowed: true,
        accepted_quantity: 25,
        over_cap_quantity: 0,
        after_expiry: false,
        window_ended: false,
        event_id: expect.stringMatching(/^evt_/),
        windows: { day: { used: 25, held: 0 } },
        remaining: 75,
      },
    });
    expect(await acme.release(made.body.reservation.id)).toMatchObject({
      status: 409,
      body: { code: "reservation_not_open", details: { status: "committed" } },
    });
  });

  test("refused: 429 with when to come back, on reserve and on a commit of more", async () => {
    const acme = await tenant();
    const response = await fetch(`${server.url}/v1/usage/reservations`, {
      method: "POST",
      headers: { authorization: `Bearer ${acme.secret}`, "content-type": "application/json" },
      body: JSON.stringify({ quantity: 101 }),
    });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(43_000);
    expect(await response.json()).toMatchObject({ code: "daily_limit", details: { limit: 100, used: 0 } });
    const { body } = await acme.reserve({ quantity: 10 });
    const refused = await acme.commit(body.reservation.id, { quantity: 101 });
    expect(refused).toMatchObject({ status: 429, body: { code: "daily_limit" } });
    expect(refused.body.details.retry_after_seconds).toBeGreaterThan(43_000);
    expect((await acme.usage()).windows.day).toMatchObject({ used: 0, held: 10 });
    expect((await acme.list()).reservations).toMatchObject([{ id: body.reservation.id, quantity: 10 }]);
  });

  test("when the window is over, waiting is not advised", async () => {
    const acme = await tenant();
    await world.make.setClock("2028-06-15T23:59:00Z");
    const { body } = await acme.reserve({ quantity: 100 });
    await world.make.setClock("2028-06-16T00:00:30Z");
    expect(await acme.commit(body.reservation.id, { quantity: 101 })).toMatchObject({
      status: 429,
      body: { code: "daily_limit", details: { retry_after_seconds: null, window_ended: true } },
    });
    expect(await acme.commit(body.reservation.id)).toMatchObject({ body: { accepted_quantity: 100 } });
  });

  test("the header is the key of a reservation, and of a commit, each once", async () => {
    const acme = await tenant();
    const once = { "idempotency-key": "order-1" };
    const first = await acme.reserve({ quantity: 5 }, once);
    expect(await acme.reserve({ quantity: 5 }, once)).toEqual({
      status: 201,
      body: { ...first.body, duplicate: true },
    });
    const { id } = first.body.reservation;
    expect(await acme.reserve({ quantity: 6 }, once)).toMatchObject({
      status: 409,
      body: { code: "idempotency_mismatch", details: { reservation_id: id } },
    });
    for (const other of [
      { ttl_seconds: 60 },
      { properties: { a: 1 } },
      { member_id: encodeId("usr", acme.owner.userId) },
    ]) {
      expect(await acme.reserve({ quantity: 5, ...other }, once)).toMatchObject({ status: 409 });
    }
    const done = await acme.commit(id, {}, once);
    expect(await acme.commit(id, {}, once)).toEqual({ status: 200, body: { ...done.body, duplicate: true } });
    expect(await acme.commit(id, { quantity: 4 }, once)).toMatchObject({
      status: 409,
      body: { code: "idempotency_mismatch", details: { event_id: done.body.event_id } },
    });
    expect(await acme.commit(id)).toMatchObject({ status: 409, body: { code: "reservation_not_open" } });
  });

  test("after its time a commit is recorded and says so, whether the worker swept or not", async () => {
    const acme = await tenant();
    const ids = [];
    for (let n = 0; n < 2; n += 1) {
      ids.push((await acme.reserve({ quantity: 50, ttl_seconds: 1 })).body.reservation.id);
    }
    await world.make.setClock("2028-06-15T12:00:05Z");
    expect(await acme.post("/usage/consume", { quantity: 100 })).toMatchObject({ status: 200 });
    for (const id of ids) {
      expect(await acme.release(id)).toMatchObject({ status: 409, body: { details: { status: "expired" } } });
      expect(await acme.commit(id)).toMatchObject({ body: { allowed: true, after_expiry: true } });
    }
    expect((await acme.usage()).daily_used).toBe(200);
  });

  test.each([
    ["quantity 0", { quantity: 0 }],
    ["no time", { quantity: 1, ttl_seconds: 0 }],
    ["more than a day", { quantity: 1, ttl_seconds: 86_401 }],
    ["a key of voids", { quantity: 1, idempotency_key: "void:x" }],
    ["a key of commits", { quantity: 1, idempotency_key: "res:x" }],
    ["a mode", { quantity: 1, mode: "cap" }],
  ])("%s is not valid", async (_, body) => {
    const acme = await tenant();
    expect(await acme.reserve(body)).toMatchObject({ status: 400, body: { code: "validation_failed" } });
  });

  test("a commit takes one unit at least, and its key space is closed to consume", async () => {
    const acme = await tenant();
    const { body } = await acme.reserve({ quantity: 1 });
    expect(await acme.commit(body.reservation.id, { quantity: 0 })).toMatchObject({ status: 400 });
    const key = `res:${body.reservation.id.slice(4)}`;
    expect(await acme.post("/usage/consume", { quantity: 1, idempotency_key: key })).toMatchObject({
      status: 400,
    });
  });

  test("a foreign reservation is not found, a foreign member no member", async () => {
    const [acme, other] = [await tenant(), await tenant()];
    const { body } = await other.reserve({ quantity: 1 });
    const { id } = body.reservation;
    const unknown = encodeId("res", uuidv7());
    for (const call of [acme.commit, acme.release]) {
      const [foreign, missing] = [await call(id), await call(unknown)];
      expect(foreign).toMatchObject({ status: 404, body: { code: "resource_not_found" } });
      expect({ ...foreign.body, request_id: "" }).toEqual({ ...missing.body, request_id: "" });
    }
    const memberId = encodeId("usr", other.owner.userId);
    expect(await acme.reserve({ quantity: 1, member_id: memberId })).toMatchObject({
      status: 400,
      body: { code: "not_a_member" },
    });
    expect((await acme.list()).reservations).toEqual([]);
  });
});

test("open reservations are listed page by page, of one meter where asked", async () => {
  const acme = await tenant();
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    ids.push((await acme.reserve({ quantity: n + 1 })).body.reservation.id);
  }
  await acme.release(ids[1] ?? "");
  const first = await acme.list("?limit=1");
  expect(first.reservations.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
  const second = await acme.list(`?limit=1&cursor=${first.next_cursor}`);
  expect(second).toMatchObject({
    reservations: [{ id: ids[2], quantity: 3, member_id: null }],
    next_cursor: null,
  });
  expect((await acme.list("?meter=pages")).reservations).toHaveLength(2);
  expect(await acme.list("?meter=none")).toMatchObject({ code: "unknown_meter", details: { meter: "none" } });
});

describe("void", () => {
  test("by id and by key: units come back, once, and the trail says who", async () => {
    const acme = await tenant();
    const one = await acme.post("/usage/consume", { quantity: 30 });
    await acme.post("/usage/consume", { quantity: 20, idempotency_key: "order-2" });
    const first = await acme.post(`/usage/events/${one.body.event_id}/void`, {});
    expect(first).toMatchObject({
      status: 200,
      body: {
        voided_event_id: one.body.event_id,
        meter: "pages",
        quantity: 30,
        duplicate: false,
        windows: { day: { used: 20 } },
      },
    });
    expect(await acme.post(`/usage/events/${one.body.event_id}/void`, {})).toEqual({
      status: 200,
      body: { ...first.body, duplicate: true },
    });
    expect(await acme.post("/usage/void", { idempotency_key: "order-2" })).toMatchObject({
      body: { quantity: 20, windows: { day: { used: 0 } } },
    });
    const worker = await world.scratch.connect("hr_worker");
    expect(await verifyUsage({ db: worker }, { organizationId: acme.id })).toMatchObject({ mismatches: [] });
    const { rows } = await world.scratch.admin.query(
      "select actor_kind, target, request_id from headroom.audit_entry where organization_id = $1 and action = 'usage.voided'",
      [acme.id],
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      actor_kind: "organization_key",
      target: one.body.event_id,
      request_id: expect.any(String),
    });
  });

  test("what is no event of ours is not found, and a void is not voided", async () => {
    const [acme, other] = [await tenant(), await tenant()];
    const theirs = await other.post("/usage/consume", { quantity: 1, idempotency_key: "theirs" });
    const missing = encodeId("evt", uuidv7());
    for (const event of [theirs.body.event_id, missing]) {
      expect(await acme.post(`/usage/events/${event}/void`, {})).toMatchObject({
        status: 404,
        body: { code: "resource_not_found" },
      });
    }
    expect(await acme.post("/usage/void", { idempotency_key: "theirs" })).toMatchObject({ status: 404 });
    const voided = await other.post(`/usage/events/${theirs.body.event_id}/void`, {});
    expect(await other.post(`/usage/events/${voided.body.event_id}/void`, {})).toMatchObject({
      status: 400,
      body: { code: "validation_failed" },
    });
  });

  test.each([
    ["nothing", {}, "event_id"],
    ["a meter alone", { meter: "pages" }, "event_id"],
    ["id and key", { event_id: encodeId("evt", uuidv7()), idempotency_key: "k" }, "idempotency_key"],
    ["id and meter", { event_id: encodeId("evt", uuidv7()), meter: "pages" }, "meter"],
    ["a void's key", { idempotency_key: "void:k" }, "idempotency_key"],
  ])("named by %s is not valid, and the field that is wrong is told", async (_, body, path) => {
    const acme = await tenant();
    expect(await acme.post("/usage/void", body)).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path }] } },
    });
  });
});

test("a worker that is killed while it gives back leaves everything to the next one", async () => {
  const acme = await tenant();
  for (let n = 0; n < 3; n += 1) {
    await acme.reserve({ quantity: 10, ttl_seconds: 1, idempotency_key: `k${n}` });
  }
  await world.make.setClock("2028-06-15T12:00:05Z");
  const holder = await world.scratch.admin.connect();
  await holder.query("begin");
  await holder.query(
    "select from headroom.usage_reservation where organization_id = $1 and key = 'k1' for update",
    [acme.id],
  );
  const worker = await world.scratch.connect("hr_worker");
  const dying = expireReservations(worker, 100).then(
    () => "done",
    () => "killed",
  );
  await expect
    .poll(async () => {
      const { rows } = await world.scratch.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%expire_reservations%' and wait_event_type = 'Lock'",
      );
      return rows.length;
    })
    .toBe(1);
  expect(await dying).toBe("killed");
  await holder.query("rollback");
  holder.release();
  expect(
    (
      await world.scratch.admin.query("select day_held from headroom.usage_gate where organization_id = $1", [
        acme.id,
      ])
    ).rows,
  ).toEqual([{ day_held: "30" }]);
  expect(await expireReservations(worker, 100)).toBe(3);
  expect((await acme.usage()).windows.day).toMatchObject({ used: 0, held: 0 });
});
