import { createHash } from "node:crypto";
import type { MeterTerms } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import { expect } from "vitest";
import { createDatabase, type Database } from "../client.ts";
import { commitReservation, releaseReservation, reserveUnits } from "../reservations.ts";
import { recountUsage } from "../tallies.ts";
import { consumeUsage } from "../usage.ts";
import { readUsageStatus } from "../usage-readings.ts";
import type { UsageOutcome, UsageRequest } from "../usage-requests.ts";
import { type EventReference, voidEvent } from "../voids.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { createFactory, type Factory } from "./factories.ts";
import { usageRequest } from "./usage-requests.ts";

/** An organization and the hash of a key of it. */
export interface Customer {
  id: string;
  key: Buffer;
}

/** Gates, reservations and voids of a database of its own, as statements. The clock is the database's. */
export interface UsageBench {
  scratch: TestDatabase;
  /** Enough connections that many callers really meet. */
  api: Database;
  worker: Database;
  make: Factory;
  customer(more?: { plan?: string; timeZone?: string }): Promise<Customer>;
  consume(of: Customer, quantity: number, more?: Partial<UsageRequest>): Promise<UsageOutcome>;
  reserve(of: Customer, quantity: number, more?: Partial<Parameters<typeof reserveUnits>[1]>): Reserved;
  commit(of: Customer, id: string, quantity?: number | null, key?: string | null): Committed;
  release(of: Customer, id: string): ReturnType<typeof releaseReservation>;
  takeBack(of: Customer, event: EventReference): ReturnType<typeof voidEvent>;
  status(of: Customer, meter?: string): Promise<Awaited<ReturnType<typeof readUsageStatus>>[number]>;
  rows<Row extends object>(text: string, ...values: unknown[]): Promise<Row[]>;
  /** Gates count what a recount of events counts, and hold what the open holds of their windows sum up to. */
  assertExact(of: Customer): Promise<void>;
  close(): Promise<void>;
}

type Reserved = ReturnType<typeof reserveUnits>;
type Committed = ReturnType<typeof commitReservation>;

const connections = 24;

const terms = (dailyLimit: number | null, included: number | null, maxOverage?: number): MeterTerms => ({
  dailyLimit,
  included,
  overage:
    maxOverage === undefined
      ? null
      : { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage, ceiling: null },
});

/** Plans: free with 50 pages a day and 10 jobs a period, pro with 100 pages a day and 100 + 20 jobs. */
export async function openUsageBench(): Promise<UsageBench> {
  const scratch = await createTestDatabase();
  const connect = (role: "hr_api" | "hr_worker") =>
    createDatabase({
      connectionString: scratch.url,
      role,
      applicationName: "headroom-test",
      max: connections,
    });
  const [api, worker] = [connect("hr_api"), connect("hr_worker")];
  const make = createFactory(scratch.admin);
  await make.plan("free", { pages: terms(50, null), jobs: terms(null, 10) });
  await make.plan("pro", { pages: terms(100, null), jobs: terms(null, 100, 20) }, { isDefault: false });
  const rows = async <Row extends object>(text: string, ...values: unknown[]) =>
    (await scratch.admin.query<Row>(text, values)).rows;
  return {
    scratch,
    api,
    worker,
    make,
    rows,
    async customer(more) {
      const id = await make.organization(more);
      return { id, key: await make.key(id) };
    },
    async consume({ key }, quantity, more = {}) {
      const [outcome] = await consumeUsage(api, [usageRequest(key, { ...more, quantity })]);
      return outcome as UsageOutcome;
    },
    reserve: ({ key }, quantity, more = {}) =>
      reserveUnits(api, { ...reservationOf(key, quantity, more), quantity }),
    commit: ({ key }, reservationId, quantity = null, replay = null) =>
      commitReservation(api, {
        credential: key,
        organizationId: null,
        reservationId,
        quantity,
        key: replay,
        eventId: uuidv7(),
      }),
    release: ({ key }, reservationId) =>
      releaseReservation(api, { credential: key, organizationId: null, reservationId }),
    takeBack: ({ key }, event) =>
      voidEvent(api, { credential: key, organizationId: null, event, id: uuidv7(), requestId: "r" }),
    async status({ id }, meter = "pages") {
      const status = (await readUsageStatus(api, id)).find((one) => one.meter === meter);
      return status as NonNullable<typeof status>;
    },
    async assertExact({ id }) {
      for (const gate of await recountUsage(worker, id)) {
        expect(gate).toMatchObject({ dayUsed: gate.dayCounted, periodUsed: gate.periodCounted });
      }
      expect(await rows(heldBesideHolds, id)).toEqual([]);
    },
    async close() {
      await Promise.all([api.close(), worker.close()]);
      await scratch.drop();
    },
  };
}

const heldBesideHolds = `
  select g.meter, g.day_held, h.day, g.period_held, h.period from headroom.usage_gate g
  cross join lateral (
    select coalesce(sum(r.quantity) filter (where r.day_start = g.day_start), 0) as day,
      coalesce(sum(r.quantity) filter (where r.period_start = g.period_start), 0) as period
    from headroom.usage_reservation r
    where r.organization_id = g.organization_id and r.meter = g.meter and r.status = 'held'
  ) h
  where g.organization_id = $1 and (g.day_held <> h.day or g.period_held <> h.period)`;

function reservationOf(
  credential: Buffer,
  quantity: number,
  more: Partial<Parameters<typeof reserveUnits>[1]>,
) {
  return {
    credential,
    organizationId: null,
    meter: null,
    key: uuidv7(),
    id: uuidv7(),
    memberId: null,
    ttlSeconds: 600,
    fingerprint: createHash("sha256")
      .update(JSON.stringify([quantity, more.ttlSeconds]))
      .digest(),
    properties: null,
    ...more,
  };
}

/** The id of a reservation that was made. */
export function idOf(outcome: Awaited<Reserved>): string {
  if (!("reservation" in outcome)) {
    throw new Error(`not reserved: ${outcome.outcome}`);
  }
  return outcome.reservation.id;
}
