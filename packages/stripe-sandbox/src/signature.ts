import { createHmac } from "node:crypto";

/** The `Stripe-Signature` header for a body: `t` in seconds of real time, `v1` its HMAC-SHA256. */
export function signatureHeader(body: string, secret: string, seconds: number): string {
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`, "utf8").digest("hex");
  return `t=${seconds},v1=${signature}`;
}
