import path from "node:path";
import { isHeadroomError } from "@headroom/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./people.ts";
import { type Stack, startStack } from "./stack.ts";
import { comparable, openYear, type Subject } from "./year-life.ts";
import { asWorker, operate, untilSettled } from "./year-operator.ts";
import { addMonths, billsOf } from "./year-oracle.ts";
import { monthly, yearly } from "./year-prices.ts";

const day = 86_400;
const hour = 3_600;
let stack: Stack;

beforeAll(async () => {
  const configuration = path.join(import.meta.dirname, "year-plans.config.ts");
  stack = await startStack({ args: ["--config", configuration] });
});
afterAll(() => stack?.stop());

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `member${from + n}`);

const statusOf = async ({ owner, organizationId }: Subject) =>
  (await owner.billing.get.query({ organizationId })).status;

test("a year by the month and a year at once: every invoice line is the ledger's and the oracle's, to the cent", async () => {
  const year = openYear(stack.ready);
  const team = await year.found("team");
  const studio = await year.found("studio");
  await year.join(team, names(1, 3)); // three with the owner
  await year.subscribe(team, "team", "month", "trialing");
  await year.subscribe(studio, "studio", "year", "active");

  const inTeam = async (month: number, days: number) =>
    year.advanceTo(addMonths(team.anchor, month) + days * day);
  // The month's own bill is made when the worker has seen the month end, and collected an hour later.
  const inStudio = async (month: number, days: number) => {
    const start = addMonths(studio.anchor, month);
    if ((await year.clock()) < start) {
      await year.advanceTo(start + 60);
      await settled();
      await year.advanceTo(start + 2 * hour);
    }
    await year.advanceTo(start + days * day);
  };
  const seats = (count: number, plan = "studio") =>
    year.change(studio, "next", { plan, seats: count }, () =>
      studio.owner.billing.setSeats.mutate({ organizationId: studio.organizationId, seats: count }),
    );
  const grow = (from: number, to: number) =>
    year.change(team, "next", { plan: "team", seats: to - 3 }, () => year.join(team, names(from, to)));

  await inStudio(0, 3);
  await year.use(studio, 150); // 50 over
  await inTeam(0, 5);
  await grow(3, 5);
  await year.use(team, 150); // 50 over

  await inStudio(1, 3);
  await seats(5);
  await inTeam(1, 5);
  await grow(5, 12);
  await year.use(team, 80);

  await inStudio(2, 3);
  await year.use(studio, 433); // 333 over: 832.5 cents
  await inTeam(2, 5);
  await grow(12, 25);
  await year.use(team, 433);

  await inStudio(3, 3);
  await seats(37);
  await inTeam(3, 5);
  await grow(25, 40);
  await year.use(team, 101); // 1 over: 2.5 cents

  await inStudio(4, 3);
  await year.use(studio, 300);
  await year.change(studio, "now", { plan: "agency", seats: 37 }, () =>
    studio.owner.billing.changePlan.mutate({ organizationId: studio.organizationId, planId: "agency" }),
  );
  await year.use(studio, 1_000); // 1,300 against 1,000
  await inTeam(4, 10);
  await year.use(team, 300);
  await year.change(team, "next", { plan: "business", seats: 30 }, () =>
    team.owner.billing.changePlan.mutate({ organizationId: team.organizationId, planId: "business" }),
  );
  await year.use(team, 1_000);

  await inStudio(5, 3);
  await year.use(studio, 1_100);
  await year.payWith(studio, "pm_card_chargeCustomerFail");
  await inTeam(5, 5);
  await year.use(team, 999);
  await inStudio(6, 1);
  await year.payWith(studio, "pm_card_visa"); // the bill of its month is tried again after three days
  await year.payWith(team, "pm_card_chargeCustomerFail");
  await year.advanceTo(addMonths(team.anchor, 6) + 2 * hour);
  expect(await statusOf(team)).toBe("past_due");
  await year.use(team, 1_000);
  const refusal = await team.backEnd.usage.consume.mutate({ meter: "jobs", quantity: 1 });
  expect(refusal).toMatchObject({ allowed: false, reason: "hard_cap" });
  await year.payWith(team, "pm_card_visa");
  await inTeam(6, 4);
  expect(await statusOf(team)).toBe("active");
  await year.use(team, 234);

  await inTeam(8, 5);
  await year.use(team, 1_100);
  const late = { meter: "jobs", quantity: 100, idempotencyKey: "taken-back" };
  expect(await team.backEnd.usage.consume.mutate(late)).toMatchObject({ allowed: true });
  await team.backEnd.usage.void.mutate({ meter: "jobs", idempotencyKey: "taken-back" });
  await year.change(team, "none", { plan: "team", seats: 37 }, () =>
    team.owner.billing.changePlan.mutate({ organizationId: team.organizationId, planId: "team" }),
  );
  expect((await team.owner.billing.get.query({ organizationId: team.organizationId })).plan.id).toBe(
    "business",
  );
  team.terms.push({ at: addMonths(team.anchor, 9), plan: "team", seats: 37, settled: "none" });
  await inStudio(9, 1);
  await year.change(studio, "none", { plan: "studio", seats: 37 }, () =>
    studio.owner.billing.changePlan.mutate({ organizationId: studio.organizationId, planId: "studio" }),
  );
  studio.terms.push({ at: addMonths(studio.anchor, 12), plan: "studio", seats: 37, settled: "none" });

  await inTeam(9, 5);
  expect((await team.owner.billing.get.query({ organizationId: team.organizationId })).plan.id).toBe("team");
  await inTeam(10, 5);
  const { members } = await team.owner.members.list.query({
    organizationId: team.organizationId,
    limit: 200,
  });
  await year.change(team, "next", { plan: "team", seats: 27 }, async () => {
    for (const { id: userId } of members.filter(({ role }) => role === "member").slice(0, 10)) {
      await team.owner.members.remove.mutate({ organizationId: team.organizationId, userId });
    }
  });

  await inStudio(11, 3);
  await year.use(studio, 1_250);
  await inTeam(11, 5);
  await year.use(team, 120);
  await team.owner.billing.cancel.mutate({ organizationId: team.organizationId });
  await inStudio(12, 2);
  expect((await studio.owner.billing.get.query({ organizationId: studio.organizationId })).plan.id).toBe(
    "studio",
  );
  await year.use(studio, 130);
  await studio.owner.billing.cancel.mutate({ organizationId: studio.organizationId, when: "now" });
  const ended = await until(
    () => year.subscriptionOf(studio),
    (subscription) => subscription.status === "canceled",
  );
  await inTeam(12, 2);
  expect(await statusOf(team)).toBe("ended");

  // The last bills too.
  await settled();
  await year.advanceTo((await year.clock()) + 2 * hour);

  const lives = [
    { subject: team, life: year.lifeOf(team, monthly, 1, addMonths(team.anchor, 12)) },
    { subject: studio, life: year.lifeOf(studio, yearly, 12, ended.ended_at ?? 0) },
  ];
  for (const { subject, life } of lives) {
    const invoices = await year.invoicesOf(subject);
    expect(comparable(invoices)).toEqual(comparable(billsOf(life)));
    expect(new Set(invoices.map(({ status }) => status))).toEqual(new Set(["paid"]));
    const billed = invoices.flatMap(({ lines }) => lines).filter(({ ledgerId }) => ledgerId !== null);
    expect(billed.length).toBeGreaterThanOrEqual(5);
    expect(
      billed
        .map(({ ledgerId, quantity, amount }) => ({ ledgerId, quantity, amount, status: "sent" }))
        .sort(byLedger),
    ).toEqual((await ledgerOf(subject)).sort(byLedger));
  }
  expect(await operate(stack, "stripe", "reconcile")).toMatchObject({ differences: [] });
  expect(await operate(stack, "usage", "verify")).toMatchObject({ mismatches: [] });
  const stranger = await studio.owner.billing.cancel
    .mutate({ organizationId: studio.organizationId })
    .catch((error: unknown) => error);
  expect(isHeadroomError(stranger, "no_subscription")).toBe(true);
}, 600_000);

interface LedgerEntry {
  ledgerId: string | null;
  quantity: number;
  amount: number;
  status: string;
}

const byLedger = (a: LedgerEntry, b: LedgerEntry) => ((a.ledgerId ?? "") < (b.ledgerId ?? "") ? -1 : 1);

const settled = () => untilSettled(stack);

function ledgerOf({ organizationId }: Subject): Promise<LedgerEntry[]> {
  return asWorker(
    stack,
    `select id as "ledgerId", quantity::int as quantity, amount::int as amount, status from headroom.overage`,
    organizationId.slice("org_".length),
  );
}
