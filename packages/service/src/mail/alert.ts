import type { AlertLimit, AlertWindow } from "@headroom/domain/alerts";
import { layOut, type RenderedMail, readableNumber, readableTime } from "./layout.ts";

export interface AlertMailFacts {
  organizationName: string;
  /** The meter's display name. */
  meter: string;
  /** What was reached: units, or percent of a limit. */
  threshold: { kind: "units"; value: number } | { kind: "percent"; value: number; of: AlertLimit };
  used: number;
  /** The limit that it is a percentage of, as it was then; null: of units, none. */
  limit: number | null;
  window: AlertWindow;
  /** ISO 8601: when the window ends. */
  resetsAt: string;
  /** The window had ended when this was written down. */
  over: boolean;
}

const limits: Readonly<Record<AlertLimit, string>> = {
  daily_limit: "the daily limit",
  included: "the included units",
  hard_cap: "the hard cap",
};

/** The mail that tells of usage that has reached an alert. */
export function renderAlertMail(facts: AlertMailFacts, console: string): RenderedMail {
  const { organizationName, meter, over } = facts;
  const { passed, limit } = readable(facts);
  const used = readableNumber(facts.used);
  const resets = readableTime(facts.resetsAt);
  const current = facts.window === "day" ? "today" : "in this period";
  const when = over ? `in the ${facts.window} that ended on ${resets}` : current;
  const said = over ? "reached" : "has reached";
  return layOut({
    subject: `${organizationName}: ${meter} reached ${passed}`,
    opening: `Usage of ${meter} by ${organizationName} ${said} ${used} ${when}. The alert is set at ${passed}${limit}.`,
    action: "See the usage",
    link: console,
    closing: over ? "The count has started again since." : `The count starts again on ${resets}.`,
  });
}

function readable({ threshold, limit }: AlertMailFacts): { passed: string; limit: string } {
  const value = readableNumber(threshold.value);
  if (threshold.kind === "units") {
    return { passed: value, limit: "" };
  }
  const of = limit === null ? "" : ` (${readableNumber(limit)})`;
  return { passed: `${value} % of ${limits[threshold.of]}`, limit: of };
}
