import { type AlertMailFacts, renderAlertMail } from "./alert.ts";
import { type InviteMailFacts, renderInviteMail } from "./invite.ts";
import type { RenderedMail } from "./layout.ts";
import { type PaymentFailedMailFacts, renderPaymentFailedMail } from "./payment-failed.ts";
import { renderSeatLimitMail, type SeatLimitMailFacts } from "./seat-limit.ts";
import { renderTrialEndingMail, type TrialEndingMailFacts } from "./trial-ending.ts";

/** What each template is rendered from: JSON, as the outbox keeps it. */
export interface MailFacts {
  invite: InviteMailFacts;
  alert: AlertMailFacts;
  payment_failed: PaymentFailedMailFacts;
  seat_limit: SeatLimitMailFacts;
  trial_ending: TrialEndingMailFacts;
}

export type MailTemplate = keyof MailFacts;

interface Template<Facts> {
  /** @param console where the console is */
  render: (facts: Facts, console: string) => RenderedMail;
  /** Facts that open something: they leave the outbox once the mail is delivered or given up. */
  secrets: readonly (keyof Facts)[];
}

const templates: { readonly [Name in MailTemplate]: Template<MailFacts[Name]> } = {
  invite: { render: renderInviteMail, secrets: ["link"] },
  alert: { render: renderAlertMail, secrets: [] },
  payment_failed: { render: renderPaymentFailedMail, secrets: [] },
  seat_limit: { render: renderSeatLimitMail, secrets: [] },
  trial_ending: { render: renderTrialEndingMail, secrets: [] },
};

export const mailTemplates = Object.keys(templates) as readonly MailTemplate[];

/** @throws Error when the facts make no mail, such as a link that is no web address */
export function renderMail<Name extends MailTemplate>(
  name: Name,
  facts: MailFacts[Name],
  console: string,
): RenderedMail {
  return templates[name].render(facts, console);
}

/** The facts that may stay when the mail is settled. */
export function withoutSecrets<Name extends MailTemplate>(name: Name, facts: MailFacts[Name]): object {
  const secrets: readonly PropertyKey[] = templates[name].secrets;
  return Object.fromEntries(Object.entries(facts).filter(([fact]) => !secrets.includes(fact)));
}
