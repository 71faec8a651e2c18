import { databaseUrl, port, processVariables, readConfiguration } from "@headroom/platform/config";
import { inviteLinkVariables } from "@headroom/service/invite-links";
import { mailVariables } from "@headroom/service/mail/variables";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { webhookVariables } from "@headroom/service/webhook-settings";
import { z } from "zod";

const webAddress = z.url({ protocol: /^https?$/, error: "is not an http address" });

const variables = z.object({
  ...processVariables,
  ...stripeVariables,
  ...inviteLinkVariables,
  ...webhookVariables,
  PORT: port.default(4001),
  /** Where a test has the process killed; refused elsewhere. */
  HEADROOM_FAILPOINT: z.string().optional(),
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(8),
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(5),
  ...mailVariables,
  CONSOLE_URL: webAddress.default("http://localhost:3000"),
  INVITE_ACCEPT_URL: webAddress.optional(),
});

export type WorkerVariables = z.output<typeof variables>;

/** The worker's variables. @throws ConfigurationError */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): WorkerVariables {
  return readConfiguration(variables, environment);
}
