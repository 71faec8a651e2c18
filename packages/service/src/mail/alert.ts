import { layOut, type RenderedMail, readableNumber, readableTime } from "./layout.ts";

export interface AlertMailFacts {
  organizationName: string;
  /** The meter's display name. */
  meter: string;
  /** What was passed: units, or percent of the limit. */
  threshold: { kind: "units" | "percent"; value: number };
  used: number;
  /** null: no limit. */
  limit: number | null;
  window: "day" | "period";
  /** ISO 8601. */
  resetsAt: string;
}

/** The mail that tells of usage past a threshold. */
export function renderAlertMail(facts: AlertMailFacts, console: string): RenderedMail {
  const { organizationName, meter, threshold, limit } = facts;
  const used = readableNumber(facts.used);
  const passed = `${readableNumber(threshold.value)}${threshold.kind === "percent" ? " %" : ""}`;
  const when = facts.window === "day" ? "today" : "in this period";
  const of = limit === null ? "" : ` of ${readableNumber(limit)}`;
  return layOut({
    subject: `${organizationName}: ${meter} passed ${passed}`,
    opening: `${organizationName} has used ${used}${of} ${meter} ${when} and passed the alert at ${passed}.`,
    action: "See the usage",
    link: console,
    closing: `The count starts again on ${readableTime(facts.resetsAt)}.`,
  });
}
