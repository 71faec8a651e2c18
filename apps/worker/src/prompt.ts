import { tellAlerts } from "@headroom/service/alert-telling";
import type { ServiceContext } from "@headroom/service/context";
import { sweepInbox } from "@headroom/service/customer-sync";
import { expireInvites } from "@headroom/service/invite-expiry";
import { holdLateInvoices, releaseInvoices } from "@headroom/service/invoice-holds";
import { closeDuePeriods, reportOverage } from "@headroom/service/overage-reporting";
import { expireReservations } from "@headroom/service/reservation-expiry";
import { syncSeats } from "@headroom/service/seat-sync";
import type { AttemptObserver } from "@headroom/service/webhook-delivery";
import { type Loop, startLoop } from "./loops.ts";
import { startWebhookLoop } from "./webhooks.ts";

/**
 * What must not wait for the crontab's minute: a moved clock or a webhook left behind is noticed within a second.
 * `observe` is told of every attempt to deliver a webhook. Each is safe beside itself in another process, and has a loop of its own, so that one that fails delays no other.
 */
export function startPromptLoops(context: ServiceContext, observe: AttemptObserver): Loop[] {
  const { log } = context;
  return [
    startLoop({ name: "inbox", everyMs: 800, log, round: () => sweepInbox(context) }),
    startLoop({
      name: "periods",
      everyMs: 800,
      log,
      round: async () => {
        await closeDuePeriods(context);
        await reportOverage(context);
        await holdLateInvoices(context);
        await releaseInvoices(context);
      },
    }),
    startLoop({ name: "seats", everyMs: 800, log, round: () => syncSeats(context) }),
    startLoop({ name: "invites", everyMs: 2_000, log, round: () => expireInvites(context) }),
    startLoop({ name: "reservations", everyMs: 2_000, log, round: () => expireReservations(context) }),
    startLoop({ name: "alerts", everyMs: 1_000, log, round: () => tellAlerts(context) }),
    startWebhookLoop(context, observe),
  ];
}
