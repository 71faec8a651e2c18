import { withSnapshot } from "@headroom/db/tenancy";
import type { ExplainedLimit } from "@headroom/domain/limit-explanations";
import type { ExplainedPlan } from "@headroom/domain/plan-explanations";
import type { ExplainedWindow } from "@headroom/domain/window-explanations";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { type EvidencePage, type Recount, readEvidence, type WindowCounter } from "./usage-evidence.ts";
import { type InvoiceLine, readTerms, type WindowTerms } from "./usage-limits.ts";
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
