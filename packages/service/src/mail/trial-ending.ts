import { layOut, type RenderedMail, readableTime } from "./layout.ts";

export interface TrialEndingMailFacts {
  organizationName: string;
  /** The plan's name. */
  plan: string;
  /** ISO 8601. */
  trialEnd: string;
}

/** The mail to who pays a few days before a trial ends, or as soon as it is known that it ends sooner. */
export function renderTrialEndingMail(facts: TrialEndingMailFacts, console: string): RenderedMail {
  const { organizationName, plan, trialEnd } = facts;
  return layOut({
    subject: `The trial of ${organizationName} ends soon`,
    opening: `The trial of ${plan} for ${organizationName} ends on ${readableTime(trialEnd)}.`,
    action: "Open billing",
    link: console,
    closing: "After that the plan is billed. Nothing is billed when it is cancelled before.",
  });
}
