import { createHmac } from "node:crypto";

/** The `Stripe-Signature` header for a body: `t` in seconds of real time, and for every secret a `v1`, its HMAC-SHA256. */
export function signatureHeader(body: string, secrets: readonly string[], seconds: number): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac("sha256", secret).update(`${seconds}.${body}`, "utf8").digest("hex")}`,
  );
  return [`t=${seconds}`, ...signatures].join(",");
}
