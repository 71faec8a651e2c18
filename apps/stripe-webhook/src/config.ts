import {
  commaSeparated,
  databaseUrl,
  port,
  processVariables,
  readConfiguration,
  secret,
} from "@headroom/platform/config";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { z } from "zod";

const variables = z.object({
  ...processVariables,
  ...stripeVariables,
  PORT: port.default(4002),
  /** Where a test has the process killed; refused elsewhere. */
  HEADROOM_FAILPOINT: z.string().optional(),
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(8),
  STRIPE_SECRET_KEY: stripeVariables.STRIPE_SECRET_KEY.unwrap(),
  /** Several while one is being replaced. */
  STRIPE_WEBHOOK_SECRETS: secret(
    commaSeparated.pipe(
      z.array(z.string().startsWith("whsec_", "has one that is no signing secret (whsec_…)")).min(1),
    ),
  ),
  STRIPE_WEBHOOK_MAX_BYTES: z.coerce.number().int().min(1_024).default(1_048_576),
});

export type WebhookVariables = z.output<typeof variables>;

/** The webhook app's variables. @throws ConfigurationError */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): WebhookVariables {
  return readConfiguration(variables, environment);
}
