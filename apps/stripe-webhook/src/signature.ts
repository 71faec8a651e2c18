import Stripe from "stripe";

const toleranceSeconds = 300;

/**
 * Which of the secrets signed a body; null: none, or the signature is more than 5 minutes old or ahead. Stripe's own
 * verifier takes one secret and any time ahead, so it is asked once for each secret after the time is checked.
 */
export function findSigner(
  body: string,
  header: string | undefined,
  secrets: readonly string[],
  nowMilliseconds: number,
): number | null {
  const times = [...(header ?? "").matchAll(/(?:^|,)\s*t=(\d{1,15})(?=\s*(?:,|$))/g)].map((match) =>
    Number(match[1]),
  );
  const [signedAt] = times;
  // Two times: which of them was signed is for nobody to guess.
  if (header === undefined || signedAt === undefined || times.length > 1) {
    return null;
  }
  if (signedAt - nowMilliseconds / 1000 > toleranceSeconds) {
    return null;
  }
  const index = secrets.findIndex((secret) => verifies(body, header, secret, nowMilliseconds));
  return index === -1 ? null : index;
}

function verifies(body: string, header: string, secret: string, receivedAt: number): boolean {
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
