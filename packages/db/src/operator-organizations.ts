import type { SeatCounts } from "@headroom/domain/seats";
import type { Attention, SubscriptionState } from "@headroom/domain/subscriptions";
import { type Kysely, sql } from "kysely";
import type { DB } from "./schema.ts";

/** An organization as operators look at it. */
export interface OperatorOrganizationRow {
  id: string;
  name: string;
  slug: string;
  created_at: Date;
  owner_name: string | null;
  owner_email: string | null;
  /** The plan in force. */
  plan_id: string;
  plan_version: number;
  plan_name: string;
  source: "none" | "stripe" | "operator";
  state: SubscriptionState;
  limits_until: Date | null;
  attention: Attention | null;
  billing_interval: string | null;
  currency: string | null;
  /** Of the plan that is paid for, in that currency and interval: decimals in minor units. */
  plan_price: string | null;
  seat_price: string | null;
  seats_purchased: number;
  seats: SeatCounts;
  /** The default meter; null: the catalogue has none. */
  meter: string | null;
  day_used: number;
  daily_limit: number | null;
  period_used: number;
  hard_cap: number | null;
  /** The last event of Stripe's about the organization's customer; real time. */
  event_type: string | null;
  event_received_at: Date | null;
  event_applied_at: Date | null;
  /** The one clock when they were read. */
  at: Date;
}

/**
 * Living organizations of everybody, the newest first. One statement.
 * @param page.one only this one. @param page.search part of a name, a slug or an owner's address; "": all.
 */
export async function readOperatorOrganizations(
  db: Kysely<DB>,
  {
    one,
    search,
    before,
    limit,
  }: { one: string | null; search: string; before: string | null; limit: number },
): Promise<OperatorOrganizationRow[]> {
  const { rows } = await sql<OperatorOrganizationRow>`
    select * from operator_organizations(${one}::uuid, ${search}, ${before}::uuid, ${limit})`.execute(db);
  return rows;
}

/** An event of Stripe's, without what it says. */
export interface OperatorEventRow {
  event_id: string;
  type: string;
  status: string;
  reason: string | null;
  attempts: number;
  last_error: string | null;
  created_at: Date;
  received_at: Date;
  applied_at: Date | null;
}

/** The last events about an organization's customer, the newest first. */
export async function readOperatorEvents(
  db: Kysely<DB>,
  organizationId: string,
  limit: number,
): Promise<OperatorEventRow[]> {
  const { rows } = await sql<OperatorEventRow>`
    select * from operator_events(${organizationId}::uuid, ${limit})`.execute(db);
  return rows;
}

/** How what we know of a customer compares with Stripe. */
export interface SyncRow {
  synced_at: Date | null;
  last_error: string | null;
  /** How often a sweep found what no event had brought, when last (real time), and what. */
  drift_count: number;
  drifted_at: Date | null;
  drift: unknown;
}

/** null: nothing was ever read of the customer. */
export async function findSync(db: Kysely<DB>, customerId: string): Promise<SyncRow | null> {
  const row = await db
    .selectFrom("stripe_customer_sync")
    .select(["synced_at", "last_error", "drift_count", "drifted_at", "drift"])
    .where("customer_id", "=", customerId)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, drift_count: Number(row.drift_count) };
}
