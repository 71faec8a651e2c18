import {
  type EventSelection,
  type InboxRow,
  listEventsBy,
  pruneInbox as pruneSome,
  renewEvents,
} from "@headroom/db/inbox-upkeep";
import { enqueue } from "@headroom/db/jobs";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { ServiceContext } from "./context.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { catalogueEventTypes } from "./stripe/event-types.ts";

type Context = Pick<ServiceContext, "db">;

const atOnce = 1_000;

/** Deletes what Stripe's events say after 35 days and their ids after 90. @param context `db` as hr_worker */
export async function pruneInbox({ db }: Context): Promise<{ payloads: number; events: number }> {
  const pruned = { payloads: 0, events: 0 };
  for (;;) {
    const { payloads, events } = await withSystem(db, (tx) => pruneSome(tx, atOnce));
    pruned.payloads += payloads;
    pruned.events += events;
    if (payloads < atOnce && events < atOnce) {
      return pruned;
    }
  }
}

export type Replay = Omit<EventSelection, "status">;

/**
 * Lets kept events be applied again, whatever became of them; the worker takes them up at once. Harmless as often as one
 * likes: what is applied is what Stripe has now.
 * @param context `db` as hr_worker. @returns the ids of the events that wait now
 */
export async function replayEvents(context: Context, operator: Actor, selection: Replay): Promise<string[]> {
  return withSystem(context.db, async (tx) => {
    const renewed = await renew(tx, selection);
    if (renewed.length > 0) {
      const data = { ...selection, events: renewed.length };
      await recordOperatorAct(tx, operator, { action: "stripe.replayed", target: null, data });
    }
    return renewed;
  });
}

/** The same in a transaction of the caller's, who records it. */
export async function renew(tx: Tx, selection: EventSelection): Promise<string[]> {
  const renewed = await renewEvents(tx, selection, catalogueEventTypes);
  if (renewed.length > 0) {
    await enqueue(tx, "sweep_inbox", {}, { jobKey: "sweep_inbox" });
  }
  return renewed;
}

/** Events that are parked or quarantined, the longest waiting first. @param context `db` as hr_worker */
export async function listHeldEvents({ db }: Context, most: number): Promise<InboxRow[]> {
  return withSystem(db, (tx) => listEventsBy(tx, ["parked", "quarantined"], most));
}
