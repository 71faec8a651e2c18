import { findCustomer, listFormerCustomers } from "@headroom/db/customers";
import {
  findSync,
  type OperatorEventRow,
  type OperatorOrganizationRow,
  readOperatorEvents,
  readOperatorOrganizations,
} from "@headroom/db/operator-organizations";
import { readSubscription } from "@headroom/db/subscriptions";
import { withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { monthlyAmount, plainPrice } from "@headroom/domain/money";
import { type Seats, seatsOf } from "@headroom/domain/seats";
import { type Attention, type SubscriptionState, stateAt } from "@headroom/domain/subscriptions";
import { type Access, organizationNotFound } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import { type AssignmentView, readPlanAssignments } from "./plan-assignments.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

/** An organization as operators look at it. */
export interface OperatorOrganizationView {
  id: string;
  name: string;
  slug: string;
  /** Under `roles.creator: admin` the first admin; null: nobody has that role. */
  owner: { name: string | null; email: string | null } | null;
  createdAt: string;
  plan: { id: string; version: number; displayName: string };
  status: SubscriptionState;
  source: "none" | "stripe" | "operator";
  seats: Seats;
  /** What the subscription bills in a month without overage, tax and discounts; null: it bills nothing. */
  monthlyRevenue: { amount: number; currency: string } | null;
  /** The period of the default meter against its hard cap, or where it has none the day against its limit. */
  usage: {
    meter: string;
    window: "day" | "period";
    used: number;
    limit: number | null;
    share: number | null;
  } | null;
  /** The last event that Stripe sent; `appliedAt` null: it waits, or was not for us. Real time. */
  lastEvent: { type: string; receivedAt: string; appliedAt: string | null } | null;
  attention: Attention | null;
}

/** Living organizations, the newest first, for an operator. */
export async function listOperatorOrganizations(
  { db, configuration }: Context,
  { search = "", limit, cursor }: PageInput & { search?: string | undefined },
): Promise<{ organizations: OperatorOrganizationView[]; nextCursor: string | null }> {
  const page = { one: null, search, before: readIdCursor("operator", cursor), limit: limit + 1 };
  const rows = await readOperatorOrganizations(db.kysely, page);
  const { items, nextCursor } = nextPage("operator", rows, limit, (row) => row.id);
  return { organizations: items.map((row) => toView(row, configuration)), nextCursor };
}

/** An organization, and how it stands at Stripe. */
export interface OperatorOrganizationDetails {
  organization: OperatorOrganizationView;
  assignments: AssignmentView[];
  /** null: it never had a customer there. */
  stripe: {
    customerId: string;
    subscriptionId: string | null;
    /** Stripe's own word. */
    status: string | null;
    /** Stripe's own word for why it is paused. */
    pausedFor: string | null;
    /** When its state was last read from Stripe; real time. */
    syncedAt: string | null;
    lastError: string | null;
    drift: { count: number; at: string; fields: string[] } | null;
    /** The last 20, the newest first. */
    lastEvents: OperatorEventView[];
  } | null;
}

export interface OperatorEventView {
  id: string;
  type: string;
  status: string;
  /** What a parked one waits for. */
  reason: string | null;
  attempts: number;
  error: string | null;
  /** When it happened, by Stripe's clock. */
  createdAt: string;
  receivedAt: string;
  appliedAt: string | null;
}

const lastEvents = 20;

/** @throws DomainError organization_not_found */
export async function getOperatorOrganization(
  context: Context,
  access: Access,
): Promise<OperatorOrganizationDetails> {
  const { organizationId } = access;
  const { kysely } = context.db;
  const [row] = await readOperatorOrganizations(kysely, {
    one: organizationId,
    search: "",
    before: null,
    limit: 1,
  });
  if (row === undefined) {
    throw organizationNotFound();
  }
  const { assignments } = await readPlanAssignments(context, access);
  const organization = toView(row, context.configuration);
  return { organization, assignments, stripe: await describeStripe(context, organizationId) };
}

async function describeStripe(
  { db }: Context,
  organizationId: string,
): Promise<OperatorOrganizationDetails["stripe"]> {
  const { customerId, facts } = await withOrganization(db, organizationId, async (tx) => ({
    // The events of one who was deleted at Stripe are still to be seen.
    customerId:
      (await findCustomer(tx, organizationId)) ??
      (await listFormerCustomers(tx, organizationId))[0]?.customerId ??
      null,
    facts: (await readSubscription(tx, organizationId)).facts,
  }));
  if (customerId === null) {
    return null;
  }
  const sync = await findSync(db.kysely, customerId);
  const drifted = sync?.drifted_at ?? null;
  return {
    customerId,
    subscriptionId: facts.subscriptionId,
    status: facts.status,
    pausedFor: facts.pausedFor,
    syncedAt: sync?.synced_at?.toISOString() ?? null,
    lastError: sync?.last_error ?? null,
    drift:
      sync === null || drifted === null
        ? null
        : { count: sync.drift_count, at: drifted.toISOString(), fields: [sync.drift].flat().map(String) },
    lastEvents: (await readOperatorEvents(db.kysely, organizationId, lastEvents)).map(toEvent),
  };
}

function toEvent(row: OperatorEventRow): OperatorEventView {
  return {
    id: row.event_id,
    type: row.type,
    status: row.status,
    reason: row.reason,
    attempts: row.attempts,
    error: row.last_error,
    createdAt: row.created_at.toISOString(),
    receivedAt: row.received_at.toISOString(),
    appliedAt: row.applied_at?.toISOString() ?? null,
  };
}

function toView(
  row: OperatorOrganizationRow,
  { policies }: Context["configuration"],
): OperatorOrganizationView {
  const { limits_until: until, seats } = row;
  const facts = { state: row.state, limitsUntil: until === null ? null : until.getTime() };
  const status = stateAt(facts, row.at.getTime());
  return {
    id: encodeId("org", row.id),
    name: row.name,
    slug: row.slug,
    owner:
      row.owner_name === null && row.owner_email === null
        ? null
        : { name: row.owner_name, email: row.owner_email },
    createdAt: row.created_at.toISOString(),
    plan: { id: row.plan_id, version: row.plan_version, displayName: row.plan_name },
    status,
    source: row.source,
    seats: seatsOf({ ...seats, policies }),
    monthlyRevenue: revenueOf(row, status),
    usage: usageOf(row),
    lastEvent:
      row.event_type === null || row.event_received_at === null
        ? null
        : {
            type: row.event_type,
            receivedAt: row.event_received_at.toISOString(),
            appliedAt: row.event_applied_at?.toISOString() ?? null,
          },
    attention: row.attention,
  };
}

// A trial bills nothing yet, and what has run out or is unpaid for good nothing any more.
function revenueOf(
  row: OperatorOrganizationRow,
  status: SubscriptionState,
): OperatorOrganizationView["monthlyRevenue"] {
  const { source, billing_interval: interval, currency, plan_price: plan, seat_price: seat } = row;
  const pays = source === "stripe" && (status === "active" || status === "past_due");
  if (!pays || plan === null || currency === null || (interval !== "month" && interval !== "year")) {
    return null;
  }
  const seats = seat === null ? [] : [{ unitPrice: plainPrice(seat), quantity: row.seats_purchased }];
  return {
    amount: monthlyAmount([{ unitPrice: plainPrice(plan), quantity: 1 }, ...seats], interval),
    currency,
  };
}

function usageOf(row: OperatorOrganizationRow): OperatorOrganizationView["usage"] {
  if (row.meter === null) {
    return null;
  }
  const byDay = row.hard_cap === null && row.daily_limit !== null;
  const used = Math.max(0, byDay ? row.day_used : row.period_used);
  const limit = byDay ? row.daily_limit : row.hard_cap;
  const share = limit === null || limit === 0 ? null : Math.round((used / limit) * 10_000) / 10_000;
  return { meter: row.meter, window: byDay ? "day" : "period", used, limit, share };
}
