import type { Formats } from "@headroom/react";
import type { Billing } from "../billing/managing.ts";
import type { Messages } from "../messages/shape.ts";

type Standing = { badge: string; tone: "ok" | "accent" | "warning" | "danger"; text: string | null };
type Facts = Pick<
  Billing,
  "status" | "source" | "period" | "trialEnd" | "cancelAt" | "effectiveAt" | "pendingPlan"
>;

/** How the plan stands, in a word and a sentence. @param planName names a plan by its id */
export function standingOf(
  billing: Facts,
  { status: badges, standing: texts, pastDue }: Messages["plan"],
  formats: Pick<Formats, "date">,
  planName: (planId: string) => string,
): Standing {
  const { status, period, trialEnd, cancelAt, effectiveAt, pendingPlan } = billing;
  if (billing.source === "operator") return { badge: badges.operator, tone: "accent", text: texts.operator };
  switch (status) {
    case "none":
      return { badge: badges.none, tone: "ok", text: texts.none };
    case "incomplete":
      return { badge: badges.incomplete, tone: "warning", text: texts.incomplete };
    case "past_due":
      return { badge: badges.past_due, tone: "danger", text: null };
    case "restricted":
      return { badge: badges.restricted, tone: "danger", text: pastDue.restricted };
    case "suspended":
      return { badge: badges.suspended, tone: "danger", text: pastDue.suspended };
    case "ended":
      return { badge: badges.ended, tone: "warning", text: texts.ended };
    default:
  }
  if (cancelAt !== null) {
    const date = formats.date(cancelAt);
    const text =
      pendingPlan === null ? texts.ending(date) : texts.endingTo(date, planName(pendingPlan.planId));
    return { badge: badges.ending, tone: "warning", text };
  }
  const pending =
    pendingPlan === null || effectiveAt === null
      ? null
      : texts.pending(planName(pendingPlan.planId), formats.date(effectiveAt));
  if (status === "trialing") {
    const end = trialEnd ?? period?.end;
    const text = end === undefined ? null : texts.trialing(formats.date(end));
    return { badge: badges.trialing, tone: "accent", text: pending ?? text };
  }
  const renewal = period === null ? null : texts.active(formats.date(period.end));
  return { badge: badges.active, tone: "ok", text: pending ?? renewal };
}

/** Whether an open invoice stands in the way of every change. */
export function isUnpaid({ status }: Pick<Billing, "status">): boolean {
  return ["past_due", "restricted", "suspended", "incomplete"].includes(status);
}
