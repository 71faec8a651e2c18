import { singleLine } from "./escaping.ts";
import type { MailTemplate } from "./templates.ts";
import { MailRefusedError, type MailTransport } from "./transport.ts";

const patience = 10_000;

/**
 * Mail over Loops' HTTP API (loops.so/docs/api-reference/send-transactional-email). The page is kept there; it gets the
 * mail's words as data variables. The mail's id is the idempotency key: 409 says that an earlier attempt was taken.
 * @param options.baseUrl for tests; Loops itself unless given
 */
export function createLoopsTransport(options: {
  apiKey: string;
  transactionalIds: Readonly<Record<MailTemplate, string>>;
  baseUrl?: string;
}): MailTransport {
  const { apiKey, transactionalIds, baseUrl = "https://app.loops.so" } = options;
  return {
    async send({ id, to, template, variables }) {
      const response = await fetch(`${baseUrl}/api/v1/transactional`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${apiKey}`,
          "content-type": "application/json",
          "idempotency-key": id,
        },
        body: JSON.stringify({
          email: to,
          transactionalId: transactionalIds[template],
          dataVariables: variables,
        }),
        // The key goes nowhere else.
        redirect: "error",
        signal: AbortSignal.timeout(patience),
      });
      const said = await response.text();
      if (!response.ok && response.status !== 409) {
        const message = `Loops answered ${response.status}: ${reasonIn(said)}`;
        throw isFinal(response.status) ? new MailRefusedError(message) : new Error(message);
      }
    },
  };
}

/** Another key, or another minute, may help against these; nothing helps against what else is wrong with a request. */
const worthAnotherTry = [401, 403, 408, 425, 429];

function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && !worthAnotherTry.includes(status);
}

function reasonIn(body: string): string {
  try {
    const { message, error } = JSON.parse(body) as { message?: unknown; error?: { message?: unknown } };
    return singleLine(String(message ?? error?.message ?? "no reason")).slice(0, 200);
  } catch {
    return "no reason";
  }
}
