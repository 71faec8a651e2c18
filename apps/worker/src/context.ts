import path from "node:path";
import type { Database } from "@headroom/db/client";
import type { Logger } from "@headroom/platform/log";
import { loadConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import { createSmtpTransport } from "@headroom/service/mail/smtp";
import { openStripe } from "@headroom/service/stripe/variables";
import { openWebhooks } from "@headroom/service/webhook-settings";
import type { WorkerVariables } from "./config.ts";

/** What tasks work with. @throws ConfigurationError, InvalidConfigurationError */
export async function createContext(
  variables: WorkerVariables,
  db: Database,
  log: Logger,
): Promise<ServiceContext> {
  const { CONSOLE_URL: console, INVITE_ACCEPT_URL: inviteAccept, SMTP_URL: smtp } = variables;
  return {
    db,
    configuration: await loadConfiguration(path.resolve(variables.HEADROOM_CONFIG)),
    stripe: openStripe(variables),
    mail: smtp === undefined ? null : createSmtpTransport({ url: smtp, from: variables.MAIL_FROM }),
    log,
    addresses: { console, inviteAccept: inviteAccept ?? new URL("/invites/accept", console).href },
    environment: variables.HEADROOM_ENV,
    webhooks: openWebhooks(variables),
  };
}
