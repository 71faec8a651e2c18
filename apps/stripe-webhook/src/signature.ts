import Stripe from "stripe";

const toleranceSeconds = 300;

/**
 * Which of the secrets signed a body; null: none, or the signature is more than 5 minutes old or ahead. Stripe's own
 * verifier takes one secret and any time ahead, so it is asked once for each secret after the time is checked.
 */
export function findSigner(
  body: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
  nowMilliseconds: number,
): number | null {
  const signedAt = Number(/(?:^|,)\s*t=(\d{1,15})\s*(?:,|$)/.exec(header ?? "")?.[1] ?? Number.NaN);
  const ahead = signedAt - nowMilliseconds / 1000;
  if (header === undefined || !(ahead <= toleranceSeconds)) {
    return null;
  }
  const index = secrets.findIndex((secret) => verifies(body, header, secret, nowMilliseconds));
  return index === -1 ? null : index;
}

function verifies(body: Uint8Array, header: string, secret: string, receivedAt: number): boolean {
  try {
    const { signature } = Stripe.webhooks;
    return signature?.verifyHeader(body, header, secret, toleranceSeconds, undefined, receivedAt) ?? false;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      return false;
    }
    throw error;
  }
}
