import {
  commaSeparated,
  databaseUrl,
  processVariables,
  readConfiguration,
  secret,
} from "@headroom/platform/config";
import { z } from "zod";

const variables = z.object({
  ...processVariables,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
  OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  CONSOLE_URL: z.url({ protocol: /^https?$/ }).optional(),
  INVITE_ACCEPT_URL: z.url({ protocol: /^https?$/ }).optional(),
  CORS_ORIGINS: commaSeparated.pipe(z.array(z.url({ protocol: /^https?$/ }))).default([]),
  STRIPE_SECRET_KEY: secret(z.string().min(1).optional()),
  STRIPE_API_BASE: z.url({ protocol: /^https?$/ }).optional(),
});

export type ApiVariables = z.output<typeof variables>;

/** The api's variables. @throws ConfigurationError */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): ApiVariables {
  return readConfiguration(variables, environment);
}
