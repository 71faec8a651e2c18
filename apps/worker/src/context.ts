import path from "node:path";
import type { Database } from "@headroom/db/client";
import type { Logger } from "@headroom/platform/log";
import { loadConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import { readInviteLinkKey } from "@headroom/service/invite-links";
import { openMail } from "@headroom/service/mail/variables";
import { openStripe } from "@headroom/service/stripe/variables";
import { openWebhooks } from "@headroom/service/webhook-settings";
import type { WorkerVariables } from "./config.ts";

/** What tasks work with. @throws ConfigurationError, InvalidConfigurationError */
export async function createContext(
  variables: WorkerVariables,
  db: Database,
  log: Logger,
): Promise<ServiceContext> {
  const { CONSOLE_URL: console, INVITE_ACCEPT_URL: inviteAccept } = variables;
  const configuration = await loadConfiguration(path.resolve(variables.HEADROOM_CONFIG));
  return {
    db,
    configuration,
    stripe: openStripe(variables, configuration.billing),
    mail: openMail(variables),
    log,
    addresses: { console, inviteAccept: inviteAccept ?? new URL("/invites/accept", console).href },
    inviteLinkKey: readInviteLinkKey(configuration.policies, variables),
    environment: variables.HEADROOM_ENV,
    webhooks: openWebhooks(variables),
  };
}
