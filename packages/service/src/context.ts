import type { Database } from "@headroom/db/client";
import type { Configuration } from "@headroom/domain/configuration";
import type { Logger } from "@headroom/platform/log";
import type { MailTransport } from "./mail/transport.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import type { WebhookSettings } from "./webhook-settings.ts";

/** What every use case works with; made once per process in its `main.ts`. */
export interface ServiceContext {
  db: Database;
  configuration: Configuration;
  /** null: no Stripe key, billing answers `billing_not_configured`. */
  stripe: StripeGateway | null;
  /** null: no mailer, mail is skipped. */
  mail: MailTransport | null;
  log: Logger;
  addresses: {
    /** The page an invite link opens; `?token=` is appended. */
    inviteAccept: string;
    console: string;
    /** Origins beside the console's that people may be sent back to from Stripe; default: none. */
    returnOrigins?: readonly string[];
  };
  /** At least 32 bytes; there when `invites.linkInList` is on. */
  inviteLinkKey?: string | undefined;
  environment: "production" | "development" | "test";
  /** Outgoing webhooks; absent in processes that neither manage nor send them. */
  webhooks?: WebhookSettings;
}
