import { isHeadroomError } from "@headroom/client";
import type { Messages } from "./messages/shape.ts";

/** What a failed call means, for people: the refusal's own text, or that nobody answered. */
export function failureText(messages: Messages, error: unknown): string {
  if (!isHeadroomError(error)) return messages.common.noAnswer;
  return isNotLive(error) ? messages.plan.refusals.notLive : messages.errors[error.data.reason];
}

/** Refused because nothing is changed at Stripe for now, and not because there is none. */
function isNotLive(error: unknown): boolean {
  return (
    isHeadroomError(error, "billing_not_configured") &&
    (error.data.details as { live?: boolean }).live === false
  );
}

/** The text for one field of a form that the api found a fault in; null: it has none. */
export function faultOf(error: unknown, field: string): string | null {
  if (!isHeadroomError(error, "validation_failed")) return null;
  const { issues } = error.data.details as { issues?: { path: string; message: string }[] };
  return issues?.find(({ path }) => path === field)?.message ?? null;
}
