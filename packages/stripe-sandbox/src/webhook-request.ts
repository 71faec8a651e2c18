import type { Spoil } from "./delivery-program.ts";
import { renderOld } from "./old-version.ts";
import { signatureHeader } from "./signature.ts";
import type { StoredEvent } from "./wire.ts";

/** One webhook request as it goes over the wire. */
export interface WebhookRequest {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/**
 * The request that brings an event, with what spoils it. What changes the event is signed as it is changed; a body is
 * truncated after it was signed.
 * @param secrets those that sign: several while a rolled one still counts. @param seconds real time
 */
export function webhookRequest(
  event: object,
  secrets: readonly string[],
  seconds: number,
  spoils: readonly Spoil[] = [],
): WebhookRequest {
  let told: object = event;
  let signing = [...secrets];
  let signed = seconds;
  let share = 1;
  for (const spoil of spoils) {
    if (spoil.kind === "wrongMode") told = { ...told, livemode: true };
    else if (spoil.kind === "oldVersion") told = isSnapshot(told) ? renderOld(told, spoil.version) : told;
    else if (spoil.kind === "staleSignature") signed -= spoil.seconds;
    else if (spoil.kind === "badSignature") signing = [spoil.secret];
    else if (spoil.kind === "secondSecret")
      signing = spoil.first ? [spoil.secret, ...signing] : [...signing, spoil.secret];
    else share = spoil.share;
  }
  const text = JSON.stringify(told, null, 2);
  const body = new TextEncoder().encode(text);
  return {
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Stripe/1.0 (Headroom sandbox)",
      "stripe-signature": signatureHeader(text, signing, signed),
    },
    body: body.slice(0, Math.floor(body.length * share)),
  };
}

/** A thin event has no object to render. */
function isSnapshot(told: object): told is StoredEvent {
  return "object" in told && told.object === "event";
}
