import { z } from "zod";
import { eventId, instant, userId } from "../inputs.ts";
import { toCsv } from "../rest/csv.ts";

const units = z.int().min(0);
const limit = units.nullable().describe("null: no limit");

function rule<const Code extends readonly [string, ...string[]]>(codes: Code) {
  return z.strictObject({ code: z.enum(codes), text: z.string().describe("The rule in a sentence") });
}

const windowRule = rule([
  "local_day",
  "calendar_month",
  "subscription_month",
  "stripe_period",
  "after_change",
  "recorded",
]);

const planRule = rule([
  "subscription",
  "grace",
  "cancellation",
  "assigned",
  "base",
  "subscription_state",
  "recorded",
]);

const limitRule = rule([
  "plan",
  "override",
  "meter_not_in_plan",
  "plan_default",
  "organization_units",
  "organization_cents",
  "ceiling",
  "no_overage_terms",
  "no_subscription",
  "subscription_state",
  "included_and_max_overage",
  "no_limit",
  "recorded",
  "gate",
]);

const chargeRule = rule([
  "billed",
  "nothing_over",
  "above_cap_only",
  "no_overage_terms",
  "trial",
  "not_billed_by_stripe",
]);

const ends = instant.nullable().describe("When it ends by itself; null: it does not");

export const explainedWindow = z.strictObject({
  kind: z.enum(["day", "period"]),
  state: z
    .enum(["running", "ended", "closed"])
    .describe("ended: late events still land in it; closed: none does any more"),
  start: instant,
  end: instant,
  timeZone: z.string(),
  date: z.iso.date().nullable().describe("The local date of a day"),
  previousStart: instant.nullable().describe("The `periodStart` of the period before"),
  rule: windowRule,
  monthsAfterAnchor: z.int().nullable().describe("Whole months from the subscription's anchor to the start"),
});

export const explainedPlan = z.strictObject({
  id: z.string(),
  version: z.int(),
  rule: planRule,
  until: ends,
});

export const explainedLimit = z.strictObject({
  limit: z.enum(["daily_limit", "included", "max_overage", "hard_cap"]),
  value: limit,
  rule: limitRule,
  until: ends,
  setting: z
    .strictObject({
      units: units.nullable(),
      cents: units.nullable(),
      unitPrice: z.string().nullable(),
    })
    .nullable()
    .describe("What the organization allows itself"),
});

const fromEvents = units.nullable().describe("null: events of the window are not kept any more");

const counter = z.strictObject({
  used: units,
  held: units.describe("By open reservations"),
  overCap: units.describe("Above the hard cap, written because they had already happened"),
  carried: fromEvents.describe(
    "Of closed periods counted in this one, or of this day counted in a later one",
  ),
  late: fromEvents.describe("Came when the window had ended"),
  voided: fromEvents.describe("Taken back"),
  events: fromEvents,
});

const recount = z.strictObject({ used: units, held: units, agrees: z.boolean() });

const ledgerStatus = z
  .enum(["pending", "sent", "withdrawn", "written_off", "shadow"])
  .describe(
    "`withdrawn`: nothing is left to bill; `written_off`: Stripe has no such customer any more; `shadow`: it is not billed by Headroom, because billing was not live or the usage came from elsewhere",
  );

export const invoiceLine = z.strictObject({
  total: units,
  included: limit,
  overCap: units,
  quantity: units.describe("Units that are billed"),
  unitPrice: z.string().nullable().describe("Decimal minor units"),
  currency: z.string().nullable(),
  amount: units.describe("Minor units of the currency, rounded once, half up"),
  rule: chargeRule,
  overageId: z.uuid().nullable().describe("The line's id in the ledger, and in the invoice line's metadata"),
  status: ledgerStatus.nullable().describe("null: nothing is on record to be sent"),
  stripeInvoiceId: z.string().nullable(),
  entries: z
    .array(
      z.strictObject({
        overageId: z.uuid(),
        kind: z.enum(["charge", "adjustment"]),
        planId: z.string(),
        planVersion: z.int(),
        quantity: z.int().describe("Negative: given back"),
        unitPrice: z.string(),
        amount: z.int(),
        currency: z.string(),
        status: ledgerStatus,
        stripeInvoiceId: z.string().nullable(),
      }),
    )
    .describe("What the ledger has of the period: a line each at Stripe"),
});

export const explainedEvent = z.strictObject({
  eventId,
  quantity: z.int().describe("Negative: it takes back another event's"),
  mode: z.string(),
  memberId: userId.nullable(),
  occurredAt: instant,
  receivedAt: instant,
  localDate: z.iso.date().describe("The day that it counts in"),
  periodStart: instant.describe("The period that it counts in"),
  overCap: z.int(),
  carried: z.boolean().describe("It is of a closed period and counts in a later one"),
  voids: eventId.nullable().describe("The event that it takes back"),
  idempotencyKey: z.string(),
  properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
});

export const explainedTally = z.strictObject({
  date: z.iso.date(),
  memberId: userId.nullable(),
  used: z.int(),
  overCap: z.int(),
  events: z.int(),
});

export const usageExplanation = z.strictObject({
  meter: z.string(),
  at: instant.describe("Everything here was read at this instant, on one snapshot"),
  window: explainedWindow,
  plan: explainedPlan.nullable().describe("null: not on record for a past day"),
  counter,
  recount: recount.nullable().describe("null: the counter is itself a sum of tallies"),
  limits: z.array(explainedLimit).describe("Empty: not on record"),
  line: invoiceLine.nullable().describe("The overage line of a period; null: a day is not billed"),
  eventsKeptSince: z.iso.date().nullable().describe("Events received before this date (UTC) are gone"),
  complete: z.boolean().describe("Every event of the window is kept"),
  events: z.array(explainedEvent).describe("Newest first"),
  tallies: z.array(explainedTally).describe("What is left of events that are gone, newest date first"),
  nextCursor: z.string().nullable(),
});

type HistoryDay = {
  date: string;
  meters: { meter: string; used: number; members: { user_id: string | null; used: number }[] }[];
};

/** History as a file: a row for each member of a day and meter, and one with 0 where nothing was used. */
export function renderHistory({ days }: { days: HistoryDay[] }) {
  const rows = days.flatMap(({ date, meters }) =>
    meters.flatMap(({ meter, used, members }) =>
      members.length === 0
        ? [[date, meter, null, used]]
        : members.map(({ user_id, used: own }) => [date, meter, user_id, own]),
    ),
  );
  return {
    type: "text/csv",
    filename: "usage.csv",
    text: toCsv(["date", "meter", "member", "used"], rows),
  };
}
