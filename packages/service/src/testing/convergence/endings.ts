import { receiveEvent } from "../../stripe/events.ts";
import type { StripeBench } from "../stripe-bench.ts";
import { dice } from "./dice.ts";
import { type Inbox, type Life, receive } from "./life.ts";

/**
 * What is still on its way comes where nothing is lost: such a life owes nothing to the sweep. Of others only that a
 * subscription began: of whom a sweep does not look at the webhook must come, however late, or be found to be missing.
 */
export async function end(bench: StripeBench, inbox: Inbox, life: Life): Promise<void> {
  if (life.weather.lost > 0) life.mailbox = life.mailbox.filter(tellsOfStart);
  if (life.mailbox.length > 0) await receive({ bench, inbox }, life, Infinity);
  await discover(bench, life);
}

const tellsOfStart = ({ event }: Life["mailbox"][number]) =>
  "type" in event && String(event.type).endsWith("customer.subscription.created");

/**
 * A sweep looks at customers that are new, that have a subscription or had one of late. In three months without one whatever
 * the others began is found by the backfill, or the customer is new to us.
 */
async function discover(bench: StripeBench, life: Life): Promise<void> {
  if (dice(life.seed, "backfill").chance(0.5)) {
    for (const event of life.missed) {
      await receiveEvent({ ...bench.worker, livemode: false }, event, null);
    }
  } else if (life.missed.length > 0) {
    await bench.rows(
      "update headroom.stripe_customer set created_at = headroom.clock_now() where customer_id = $1",
      life.customerId,
    );
  }
}
