import path from "node:path";
import type { Database } from "@headroom/db/client";
import { ConfigurationError } from "@headroom/platform/config";
import type { Logger } from "@headroom/platform/log";
import { loadConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import { createSmtpTransport } from "@headroom/service/mail/smtp";
import { openStripe } from "@headroom/service/stripe/variables";
import type { WorkerVariables } from "./config.ts";

/** What tasks work with. @throws ConfigurationError, InvalidConfigurationError */
export async function createContext(
  variables: WorkerVariables,
  db: Database,
  log: Logger,
): Promise<ServiceContext> {
  const { CONSOLE_URL: console, INVITE_ACCEPT_URL: inviteAccept } = variables;
  return {
    db,
    configuration: await loadConfiguration(path.resolve(variables.HEADROOM_CONFIG)),
    stripe: openStripe(variables),
    mail: openMail(variables),
    log,
    addresses: { console, inviteAccept: inviteAccept ?? new URL("/invites/accept", console).href },
    environment: variables.HEADROOM_ENV,
  };
}

function openMail({ SMTP_URL: url, MAIL_FROM: from }: WorkerVariables): ServiceContext["mail"] {
  if (url === undefined) {
    return null;
  }
  if (from === undefined) {
    throw new ConfigurationError(["MAIL_FROM is not set, and SMTP_URL is: mail needs a sender"]);
  }
  return createSmtpTransport({ url, from });
}
