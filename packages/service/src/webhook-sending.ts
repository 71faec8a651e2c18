import type { LeasedEndpoint, WebhookTurn } from "@headroom/db/webhook-turns";
import type { AttemptResult, WebhookMessage } from "@headroom/domain/webhooks";
import { Webhook } from "standardwebhooks";
import type { ServiceContext } from "./context.ts";
import { postOutside } from "./outbound.ts";
import { openWebhookSecret, requireSecrets } from "./webhook-settings.ts";

const timeoutMs = 10_000;

/** Signs a message and posts it once (Standard Webhooks). `aborted`: the process stops, nothing came of it. */
export async function sendMessage(
  context: Pick<ServiceContext, "webhooks" | "log">,
  { organizationId, webhookId }: WebhookTurn,
  { url, secret, previousSecret }: LeasedEndpoint,
  { id, body }: WebhookMessage,
  signal: AbortSignal,
): Promise<AttemptResult | "aborted"> {
  const started = performance.now();
  const at = new Date();
  const sealed = previousSecret === null ? [secret] : [secret, previousSecret];
  const box = requireSecrets(context.webhooks);
  let signatures: string[];
  try {
    signatures = sealed.map((one) =>
      new Webhook(openWebhookSecret(box, organizationId, webhookId, one)).sign(id, at, body),
    );
  } catch (error) {
    context.log.error({ organizationId, webhookId, err: error }, "webhook secret cannot be read");
    return { status: null, error: "secret_unreadable", retryAfter: null, durationMs: 0 };
  }
  const headers = {
    "content-type": "application/json",
    "user-agent": "Headroom-Webhooks",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": signatures.join(" "),
  };
  const { outbound, resolve, timeoutMs: within = timeoutMs } = context.webhooks ?? {};
  const answer = await postOutside(
    { url, headers, body, timeoutMs: within, signal },
    outbound ?? { allowHttp: false, allowInternal: false },
    resolve,
  );
  const durationMs = performance.now() - started;
  const { status, error } = answer;
  if (error === "aborted") {
    return "aborted";
  }
  return { status, error, retryAfter: readRetryAfter(answer.retryAfter, Date.now()), durationMs };
}

/** Seconds, from seconds or an HTTP date (RFC 9110, section 10.2.3); null when it is neither. */
function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) {
    return null;
  }
  if (/^\s*\d{1,9}\s*$/.test(text)) {
    return Number(text);
  }
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : Math.max(0, (moment - now) / 1_000);
}
