import { isHeadroomError } from "@headroom/client";
import { failureText } from "../failures.ts";
import type { Messages } from "../messages/shape.ts";

type Details = { status?: string | null; currency?: string | null; live?: boolean };
export type Refusal = {
  text: string;
  /** Whether another payment method may mend it. */
  isAboutPayment: boolean;
};

/** Why a change of plan, seats or payment was refused, and what to do. */
export function refusalOf(messages: Messages, error: unknown): Refusal {
  const { refusals } = messages.plan;
  const plain = (text: string): Refusal => ({ text, isAboutPayment: false });
  if (!isHeadroomError(error)) return plain(failureText(messages, error));
  const details = error.data.details as Details;
  switch (error.data.reason) {
    case "payment_failed":
      return { text: refusals.declined, isAboutPayment: true };
    case "active_subscription": {
      const runs = details.status === "active" || details.status === "trialing";
      return runs ? plain(refusals.busy) : { text: refusals.unpaid, isAboutPayment: true };
    }
    case "currency_fixed":
      return plain(refusals.currency((details.currency ?? "").toUpperCase()));
    case "billing_not_configured":
      return plain(details.live === false ? refusals.notLive : refusals.notConfigured);
    default:
      return plain(failureText(messages, error));
  }
}
