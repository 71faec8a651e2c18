import { databaseUrl, processVariables, readConfiguration, secret } from "@headroom/platform/config";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { z } from "zod";

const webAddress = z.url({ protocol: /^https?$/ });

const variables = z.object({
  ...processVariables,
  ...stripeVariables,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(8),
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(5),
  SMTP_URL: secret(z.url({ protocol: /^smtps?$/ }).optional()),
  MAIL_FROM: z.string().min(3).optional(),
  CONSOLE_URL: webAddress.default("http://localhost:5173"),
  INVITE_ACCEPT_URL: webAddress.optional(),
});

export type WorkerVariables = z.output<typeof variables>;

/** The worker's variables. @throws ConfigurationError */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): WorkerVariables {
  return readConfiguration(variables, environment);
}
