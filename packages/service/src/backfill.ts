import { findKnownEvents, noteBackfill, readBackfill } from "@headroom/db/backfills";
import { readClock } from "@headroom/db/clock";
import { enqueue } from "@headroom/db/jobs";
import { withSystem } from "@headroom/db/tenancy";
import type { ServiceContext } from "./context.ts";
import { relevantEventTypes, relevantThinTypes } from "./stripe/event-types.ts";
import { receiveEvent } from "./stripe/events.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeEvent, StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

const day = 86_400_000;
/** Stripe lists events for 30 days. */
const horizonMs = 30 * day;
/** An event may be listed a little after the time that it carries. */
const overlapMs = 3_600_000;
/** Events of which the inbox is asked at once whether it has them: a page of Stripe's list. */
const askedAtOnce = 100;

export interface BackfillInput {
  /** From when, in Stripe's time; default: where the last one ended, or all that Stripe lists. */
  since?: Date | undefined;
  /** Those that Stripe takes for delivered too: where no endpoint was set up, none is undelivered. */
  delivered?: boolean;
  dryRun?: boolean;
  /** Told after each event how many Stripe has listed. */
  onProgress?: (listed: number) => void;
}

export interface BackfillResult {
  since: string;
  /** Events that Stripe listed, thin ones too. */
  listed: number;
  /** Of them, by type, those that the inbox did not have. */
  missing: Record<string, number>;
  /** Those that it has now. */
  kept: number;
}

/**
 * Takes the events into the inbox that webhooks have not brought, from Stripe's own list, by the insert that webhooks use:
 * what is here already stays as it is, and a thin event whose snapshot event is here, too. Applying them is the sweep's.
 * @param context `db` as hr_worker.
 * @throws DomainError billing_not_configured, StripeFault; run again, it goes on where it was
 */
export async function backfillEvents(
  context: Context,
  { since, delivered = false, dryRun = false, onProgress }: BackfillInput = {},
): Promise<BackfillResult> {
  const { db, stripe, log } = requireStripe(context);
  const [now, last] = await withSystem(db, async (tx) => [await readClock(tx), await readBackfill(tx)]);
  const begun = now.getTime();
  const from = since?.getTime() ?? Math.max(begun - horizonMs, (last?.through.getTime() ?? 0) - overlapMs);
  const result: BackfillResult = { since: new Date(from).toISOString(), listed: 0, missing: {}, kept: 0 };
  const query = { types: relevantEventTypes, since: from, undelivered: !delivered };
  const missing = new Set<string>();
  const take = async (events: readonly (StripeEvent & { twinId?: string | null })[]) => {
    const known = await withSystem(db, (tx) => findKnownEvents(tx, events.flatMap(idsOf)));
    for (const event of events) {
      result.listed += 1;
      if (!idsOf(event).some((id) => known.has(id) || missing.has(id))) {
        missing.add(event.id);
        result.missing[event.type] = (result.missing[event.type] ?? 0) + 1;
        result.kept += dryRun ? 0 : await keep({ db, log, livemode: stripe.livemode }, event.payload);
      }
      onProgress?.(result.listed);
    }
  };
  for await (const events of inGroups(stripe.listEvents(query), askedAtOnce)) {
    await take(events);
  }
  // After them: what both styles tell of is kept as the snapshot event, which says whose it is.
  const types = await thinTypes(stripe, log);
  for await (const events of inGroups(stripe.listThinEvents({ types, since: from }), askedAtOnce)) {
    await take(events);
  }
  const isWhole = since === undefined || (last !== null && since <= last.through);
  if (!dryRun && isWhole) {
    const { listed, kept } = result;
    await withSystem(db, (tx) => noteBackfill(tx, { through: now, listed, kept }));
  }
  return result;
}

/** What some event destination is to be told by thin events, as far as it concerns us: what nobody was told was not missed. */
async function thinTypes(stripe: StripeGateway, log: Context["log"]): Promise<readonly string[]> {
  try {
    const told = await stripe.listThinTypes();
    return relevantThinTypes.filter((type) => told.has("*") || told.has(type));
  } catch (error) {
    if (error instanceof StripeFault && ["credentials", "refused", "missing"].includes(error.kind)) {
      log.warn({ err: error }, "event destinations cannot be read: thin events are not backfilled");
      return [];
    }
    throw error;
  }
}

const idsOf = ({ id, twinId }: StripeEvent & { twinId?: string | null }) => (twinId ? [id, twinId] : [id]);

async function* inGroups<Item>(items: AsyncIterable<Item>, most: number): AsyncGenerator<Item[]> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length === most) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) {
    yield group;
  }
}

async function keep(
  context: Pick<Context, "db" | "log"> & { livemode: boolean },
  payload: unknown,
): Promise<0 | 1> {
  return (await receiveEvent(context, payload, null)).outcome === "new" ? 1 : 0;
}

/** Lets the worker run a backfill now: after a start nobody knows what was missed. @param context `db` as any role */
export async function requestBackfill({ db }: Pick<Context, "db">): Promise<void> {
  await withSystem(db, (tx) => enqueue(tx, "backfill_events", {}, { jobKey: "backfill_events" }));
}
