import { ConfigurationError, secret } from "@headroom/platform/config";
import { z } from "zod";
import { createLoopsTransport } from "./loops.ts";
import { createSmtpTransport } from "./smtp.ts";
import { type MailTemplate, mailTemplates } from "./templates.ts";
import type { MailTransport } from "./transport.ts";

/** What the process that sends mail reads. */
export const mailVariables = {
  SMTP_URL: secret(z.url({ protocol: /^smtps?$/, error: "is not an smtp address" })).optional(),
  MAIL_FROM: z.string().min(3).default("Headroom <headroom@localhost>"),
  LOOPS_API_KEY: secret(z.string().regex(/^[!-~]{8,}$/, "is not an API key")).optional(),
  LOOPS_TRANSACTIONAL_IDS: z.string().optional(),
};

interface MailEnvironment {
  SMTP_URL?: string | undefined;
  MAIL_FROM: string;
  LOOPS_API_KEY?: string | undefined;
  LOOPS_TRANSACTIONAL_IDS?: string | undefined;
}

/**
 * The way out for mail that the environment names; null for none: mail is skipped.
 * @throws ConfigurationError for two ways at once, and for Loops without an id for each template
 */
export function openMail(environment: MailEnvironment): MailTransport | null {
  const { SMTP_URL: url, MAIL_FROM: from, LOOPS_API_KEY: apiKey } = environment;
  if (apiKey === undefined) {
    return url === undefined ? null : createSmtpTransport({ url, from });
  }
  if (url !== undefined) {
    throw new ConfigurationError(["SMTP_URL and LOOPS_API_KEY are both set; keep one"]);
  }
  return createLoopsTransport({
    apiKey,
    transactionalIds: readTransactionalIds(environment.LOOPS_TRANSACTIONAL_IDS ?? ""),
  });
}

/** `invite=clx1, alert=clx2, …`: the id of each template's transactional email. */
function readTransactionalIds(text: string): Record<MailTemplate, string> {
  const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  const ids = new Map(pairs.map(([template = "", id = ""]) => [template, id]));
  const missing = mailTemplates.filter((template) => !ids.get(template));
  const unknown = [...ids.keys()].filter(
    (template) => template !== "" && !mailTemplates.some((known) => known === template),
  );
  const faults = [
    ...missing.map((template) => `LOOPS_TRANSACTIONAL_IDS has no id for ${template}`),
    ...unknown.map((template) => `LOOPS_TRANSACTIONAL_IDS names ${template}, which is no template`),
  ];
  if (faults.length > 0) {
    throw new ConfigurationError(faults);
  }
  return Object.fromEntries(ids) as Record<MailTemplate, string>;
}
