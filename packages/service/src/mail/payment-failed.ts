import { layOut, type RenderedMail, readableTime } from "./layout.ts";

export interface PaymentFailedMailFacts {
  organizationName: string;
  /** When the plan's limits end unless it is paid, ISO 8601; null: they stay. */
  limitsUntil: string | null;
}

/** The mail to who pays when a subscription has fallen behind. */
export function renderPaymentFailedMail(facts: PaymentFailedMailFacts, console: string): RenderedMail {
  const { organizationName, limitsUntil } = facts;
  const closing =
    limitsUntil === null
      ? "Until it is paid the plan stays as it is."
      : `The plan's limits hold until ${readableTime(limitsUntil)}. After that the default plan's limits apply until it is paid. Nobody is removed.`;
  return layOut({
    subject: `Payment failed for ${organizationName}`,
    opening: `A payment for ${organizationName} did not go through.`,
    action: "Open billing",
    link: console,
    closing,
  });
}
