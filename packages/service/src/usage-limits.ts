import { listSegments } from "@headroom/db/closed-periods";
import { listLimitOverrides, readOverageSetting, readPlanMeter } from "@headroom/db/explained-meters";
import type { LeftPeriod } from "@headroom/db/explained-periods";
import { readLastDailyLimit } from "@headroom/db/explained-usage";
import { type LedgerRow, listLedger } from "@headroom/db/overage-ledger";
import type { SubscriptionRow } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { type ChargeFacts, type ExplainedCharge, explainCharge } from "@headroom/domain/charge-explanations";
import {
  type ExplainedLimit,
  explainLimits,
  type LimitOverride,
  recordedLimits,
} from "@headroom/domain/limit-explanations";
import { plainPrice } from "@headroom/domain/money";
import { type ExplainedPlan, explainPlan, recordedPlan } from "@headroom/domain/plan-explanations";
import { toSegment } from "./overage-rating.ts";
import type { WindowCounter } from "./usage-evidence.ts";
import type { FoundMeter, FoundWindow } from "./usage-windows.ts";

export interface InvoiceLine extends ExplainedCharge {
  /** Of the first entry. */
  overageId: string | null;
  status: LedgerEntryView["status"] | null;
  stripeInvoiceId: string | null;
  /** What the ledger has of the period: a line each at Stripe, corrections too. */
  entries: LedgerEntryView[];
}

/** One row of the ledger. Quantity and amount are negative where units are given back. */
export interface LedgerEntryView {
  overageId: string;
  kind: "charge" | "adjustment";
  planId: string;
  planVersion: number;
  quantity: number;
  unitPrice: string;
  amount: number;
  currency: string;
  status: "pending" | "sent" | "withdrawn" | "written_off" | "shadow";
  stripeInvoiceId: string | null;
}

/** What the counter of a window is held against, and what it costs. */
export interface WindowTerms {
  /** null: not on record. */
  plan: ExplainedPlan | null;
  /** Empty: not on record. */
  limits: ExplainedLimit[];
  /** The invoice line that a count comes to; null: a day is not billed. */
  line: ((counter: Pick<WindowCounter, "used" | "overCap">) => InvoiceLine) | null;
}

/** The plan, limits and line of a window: as they are where it runs, else as they were written down. */
export async function readTerms(tx: Tx, organizationId: string, found: FoundWindow): Promise<WindowTerms> {
  const { gate, left, window } = found;
  if (left !== null) {
    return leftTerms(tx, organizationId, left, found);
  }
  if (gate === null || window.state !== "running") {
    return pastDay(tx, organizationId, found);
  }
  const { facts } = found.subscription;
  const at = gate.at.getTime();
  const inForce = { id: gate.planId, version: gate.planVersion };
  const overrides = await listLimitOverrides(tx, organizationId, gate.meter, gate.at);
  const all = explainLimits({
    at,
    subscription: facts,
    plan: inForce,
    terms: await readPlanMeter(tx, inForce, { meter: gate.meter, currency: facts.currency }),
    setting: await readOverageSetting(tx, organizationId, gate.meter),
    overrides,
    inForce: gate,
  });
  const isDay = window.key.kind === "day";
  return {
    plan: explainPlan(inForce, facts, at),
    limits: all.filter(({ limit }) => (limit === "daily_limit") === isDay),
    line: isDay ? null : await runningLine(tx, organizationId, gate, found.subscription, overrides),
  };
}

async function pastDay(tx: Tx, organizationId: string, { window }: FoundWindow): Promise<WindowTerms> {
  const limit = await readLastDailyLimit(tx, organizationId, window.key);
  const text = "As the last event of that day found it.";
  return {
    plan: null,
    limits: limit === undefined ? [] : recordedLimits({ dailyLimit: limit }, text),
    line: null,
  };
}

async function leftTerms(
  tx: Tx,
  organizationId: string,
  left: LeftPeriod,
  { window }: FoundWindow,
): Promise<WindowTerms> {
  const { meter } = window.key;
  const period = { meter, periodStart: left.start };
  const ledger = await listLedger(tx, organizationId, period);
  const segments = (await listSegments(tx, organizationId, period)).map(toSegment);
  const facts: Omit<ChargeFacts, "total" | "overCap"> = {
    included: left.included,
    hardCap: left.hardCap,
    sold: left.unitPrice !== null,
    unitPrice: left.unitPrice === null ? null : plainPrice(left.unitPrice),
    currency: left.currency,
    billAboveCap: left.billAboveCap,
    billable: left.billable,
    trialing: false,
    segments,
    plan: { planId: left.planId, planVersion: left.planVersion },
  };
  return {
    plan: recordedPlan({ id: left.planId, version: left.planVersion }),
    limits: recordedLimits(
      { included: left.included, hardCap: left.hardCap },
      "As it was when the period ended.",
    ),
    line: (counter) => toLine(facts, counter, ledger),
  };
}

// A period is billed under the subscription's own terms, also while its limits are those of the base plan.
async function runningLine(
  tx: Tx,
  organizationId: string,
  gate: FoundMeter,
  { base, facts }: SubscriptionRow,
  overrides: readonly LimitOverride[],
): Promise<NonNullable<WindowTerms["line"]>> {
  const plan = {
    id: facts.planId ?? base.planId,
    version: facts.planVersion ?? base.planVersion,
  };
  const terms = await readPlanMeter(tx, plan, { meter: gate.meter, currency: facts.currency });
  const segments = await listSegments(tx, organizationId, gate);
  const override = overrides.find(({ limit }) => limit === "included");
  const line: Omit<ChargeFacts, "total" | "overCap"> = {
    included: override === undefined ? (terms?.included ?? null) : override.value,
    hardCap: gate.hardCap,
    sold: terms?.overage ?? false,
    unitPrice: terms?.unitPrice ?? null,
    currency: terms?.currency ?? null,
    billAboveCap: terms?.billAboveCap ?? false,
    billable: facts.source === "stripe",
    trialing: facts.state === "trialing",
    segments: segments.map(toSegment),
    plan: { planId: plan.id, planVersion: plan.version },
  };
  return (counter) => toLine(line, counter, []);
}

function toLine(
  facts: Omit<ChargeFacts, "total" | "overCap">,
  { used, overCap }: Pick<WindowCounter, "used" | "overCap">,
  ledger: readonly LedgerRow[],
): InvoiceLine {
  const charge = explainCharge({ ...facts, total: used, overCap });
  const entries = ledger.map(toEntry);
  const first = ledger.find(({ status }) => status !== "withdrawn") ?? null;
  return {
    ...charge,
    // What was written down is what is billed.
    quantity: first === null ? charge.quantity : total(ledger, "quantity"),
    amount: first === null ? charge.amount : total(ledger, "amount"),
    overageId: first?.id ?? null,
    status: ledger.find(({ status }) => status === "pending")?.status ?? first?.status ?? null,
    stripeInvoiceId: first?.stripeInvoiceId ?? null,
    entries,
  };
}

function total(ledger: readonly LedgerRow[], what: "quantity" | "amount"): number {
  return ledger.reduce((sum, row) => sum + row[what], 0);
}

function toEntry(row: LedgerRow): LedgerEntryView {
  const { id, kind, planId, planVersion, quantity, amount, currency, status, stripeInvoiceId } = row;
  const unitPrice = plainPrice(row.unitPrice);
  return {
    overageId: id,
    kind,
    planId,
    planVersion,
    quantity,
    unitPrice,
    amount,
    currency,
    status,
    stripeInvoiceId,
  };
}
