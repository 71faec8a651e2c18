import { withSnapshot } from "@headroom/db/tenancy";
import type { ExplainedCharge } from "@headroom/domain/charge-explanations";
import type { ExplainedLimit } from "@headroom/domain/limit-explanations";
import type { ExplainedPlan } from "@headroom/domain/plan-explanations";
import type { ExplainedWindow } from "@headroom/domain/window-explanations";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { type EvidencePage, readEvidence } from "./usage-evidence.ts";
import { readTerms, type WindowTerms } from "./usage-limits.ts";
import { type FoundWindow, findWindow, type WindowChoice } from "./usage-windows.ts";

/** A moment as callers see it: ISO 8601; null: never, or none. */
type Moment<Fields, Names extends keyof Fields> = Omit<Fields, Names> & Record<Names, string | null>;

export interface UsageExplanation extends EvidencePage {
  meter: string;
  /** The instant that everything here was read at. */
  at: string;
  window: ExplainedWindow & {
    kind: "day" | "period";
    /** running; ended and not counted yet; closed. */
    state: "running" | "ended" | "closed";
    start: string;
    end: string;
    timeZone: string;
    /** The local date of a day. */
    date: string | null;
    /** Where the period before starts, to ask for it. */
    previousStart: string | null;
  };
  plan: Moment<ExplainedPlan, "until"> | null;
  counter: WindowCounter;
  recount: Recount | null;
  limits: Moment<ExplainedLimit, "until">[];
  line: InvoiceLine | null;
}

/** What the window counts. Of what only events tell, null where they are not kept any more. */
export interface WindowCounter {
  used: number;
  held: number;
  overCap: number;
  /** Units of closed periods that count in this one, or of this day in a later one. */
  carried: number | null;
  /** Units that came when the window had ended. */
  late: number | null;
  /** Units taken back. */
  voided: number | null;
  events: number | null;
}

export interface Recount {
  used: number;
  held: number;
  agrees: boolean;
}

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

export type ExplainInput = WindowChoice & { limit: number; cursor?: string | undefined };

/**
 * Explains one counter or invoice line: the window, each limit with its source, the line's arithmetic, and the events
 * behind it. Everything is read on one snapshot.
 * @throws DomainError unknown_meter, resource_not_found for an overage that is not there, validation_failed
 */
export async function explainUsage(
  context: Pick<ServiceContext, "db">,
  { organizationId }: Access,
  input: ExplainInput,
): Promise<UsageExplanation> {
  return withSnapshot(context.db, organizationId, async (tx) => {
    const found = await findWindow(tx, organizationId, input);
    const terms = await readTerms(tx, organizationId, found);
    const evidence = await readEvidence(tx, organizationId, found, input);
    return { ...toView(found, terms, evidence.counted), ...evidence.page };
  });
}

type Counted = Awaited<ReturnType<typeof readEvidence>>["counted"];

function toView(
  { at, window }: FoundWindow,
  { plan, limits, line }: WindowTerms,
  counted: Counted,
): Omit<UsageExplanation, keyof EvidencePage> {
  return {
    meter: window.key.meter,
    at: at.toISOString(),
    window: {
      kind: window.key.kind,
      state: window.state,
      start: window.start.toISOString(),
      end: window.key.end.toISOString(),
      timeZone: window.zone,
      date: window.key.kind === "day" ? window.key.date : null,
      previousStart: window.previousStart?.toISOString() ?? null,
      ...window.explained,
    },
    plan: plan && { ...plan, until: moment(plan.until) },
    ...counted,
    limits: limits.map((limit) => ({ ...limit, until: moment(limit.until) })),
    line: line?.(counted.counter) ?? null,
  };
}

function moment(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
