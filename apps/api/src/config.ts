import path from "node:path";
import type { Configuration } from "@headroom/domain/configuration";
import {
  ConfigurationError,
  commaSeparated,
  databaseUrl,
  port,
  processVariables,
  readConfiguration,
  secret,
} from "@headroom/platform/config";
import { inviteLinkVariables } from "@headroom/service/invite-links";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { webhookVariables } from "@headroom/service/webhook-settings";
import { z } from "zod";
import { findIssuerFaults, issuerDefaults } from "./auth/issuers.ts";
import type { ConsoleOptions } from "./console.ts";

const httpAddress = z.url({ protocol: /^https?$/, error: "is not an http address" });
const origin = httpAddress.refine(
  (text) => new URL(text).origin === text,
  "is not an origin: scheme, host and port only",
);

const variables = z.object({
  ...processVariables,
  ...stripeVariables,
  ...inviteLinkVariables,
  ...webhookVariables,
  PORT: port.default(4000),
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
  OIDC_ISSUER: httpAddress.optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  CONSOLE_URL: httpAddress.default("http://localhost:3000"),
  INVITE_ACCEPT_URL: httpAddress.optional(),
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(20).default(0),
  OPERATORS: commaSeparated
    .pipe(z.array(z.string().regex(/^https?:\/\/[^|\s]+\|\S+$/, "is not issuer|subject")))
    .optional(),
  CORS_ORIGINS: commaSeparated.pipe(z.array(origin)).optional(),
  CONSOLE_DIRECTORY: z.string().min(1).optional(),
  CONSOLE_CLIENT_ID: z.string().min(1).default("headroom-console"),
  CONSOLE_CONNECT_ORIGINS: commaSeparated.pipe(z.array(origin)).default([]),
  MAIL_CAPTURE_URL: httpAddress.optional(),
  RETURN_ORIGINS: commaSeparated.pipe(z.array(origin)).default([]),
  REFERENCE_KEY: secret(
    z.string().regex(/^hr_test_\S+$/, "is not an API key of a test environment"),
  ).optional(),
});

export type ApiVariables = z.output<typeof variables>;

/** The api's variables. @throws ConfigurationError */
export function readVariables(environment: Readonly<Record<string, string | undefined>>): ApiVariables {
  return readConfiguration(variables, environment);
}

/** The absolute path of the configuration file. */
export function configurationFile({ HEADROOM_CONFIG }: ApiVariables): string {
  return path.resolve(HEADROOM_CONFIG);
}

/**
 * The configuration with the issuer that the environment names, if it names one, in front of its own.
 * @throws ConfigurationError for half an issuer, or one that this environment does not take
 */
export function withIssuers(configuration: Configuration, environment: ApiVariables): Configuration {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, HEADROOM_ENV } = environment;
  if ((issuer === undefined) !== (audience === undefined)) {
    throw new ConfigurationError(["OIDC_ISSUER and OIDC_AUDIENCE belong together; one is not set"]);
  }
  const named =
    issuer === undefined || audience === undefined
      ? []
      : [{ ...issuerDefaults, issuer, audience, userinfo: true }];
  const others = configuration.issuers.filter((other) => other.issuer !== issuer);
  const issuers = [...named, ...others];
  const strangers = [...operatorsOf(environment)].filter(
    (operator) => !issuers.some((known) => operator.startsWith(`${known.issuer}|`)),
  );
  const faults = [
    ...findIssuerFaults(issuers, HEADROOM_ENV),
    ...strangers.map((operator) => `OPERATORS: no issuer of ${operator} is configured`),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults);
  return { ...configuration, issuers };
}

/** The users who may act as operators, each as `issuer|subject`. */
export function operatorsOf({ OPERATORS = [] }: Pick<ApiVariables, "OPERATORS">): ReadonlySet<string> {
  return new Set(OPERATORS);
}

/**
 * The console to serve, null where none is wanted. People sign in to it at the first issuer.
 * @throws ConfigurationError when nobody signs people in
 */
export function consoleOf(variables: ApiVariables, configuration: Configuration): ConsoleOptions | null {
  const { CONSOLE_DIRECTORY: directory, HEADROOM_ENV: environment } = variables;
  if (directory === undefined) return null;
  const [issuer] = configuration.issuers;
  if (issuer === undefined) {
    throw new ConfigurationError([
      "CONSOLE_DIRECTORY: there is no issuer that signs people in to the console",
    ]);
  }
  return {
    directory: path.resolve(directory),
    connectOrigins: variables.CONSOLE_CONNECT_ORIGINS,
    settings: {
      issuer: issuer.issuer,
      clientId: variables.CONSOLE_CLIENT_ID,
      audience: issuer.audience,
      environment,
      support: configuration.support,
      development:
        environment === "production"
          ? null
          : { stripeUrl: variables.STRIPE_API_BASE ?? null, mailUrl: variables.MAIL_CAPTURE_URL ?? null },
    },
  };
}

/** The page that invite links open. */
export function inviteAddress({ INVITE_ACCEPT_URL, CONSOLE_URL }: ApiVariables): string {
  return INVITE_ACCEPT_URL ?? new URL("/invites/accept", CONSOLE_URL).href;
}

/** The origins whose pages may call: as listed, else the console's. */
export function allowedOrigins({ CORS_ORIGINS, CONSOLE_URL }: ApiVariables): readonly string[] {
  return CORS_ORIGINS ?? [new URL(CONSOLE_URL).origin];
}

/**
 * The API key that calls from the reference are made with: whoever opens the page sees it.
 * @throws ConfigurationError in production
 */
export function referenceKey({ REFERENCE_KEY, HEADROOM_ENV }: ApiVariables): string | undefined {
  if (REFERENCE_KEY !== undefined && HEADROOM_ENV === "production")
    throw new ConfigurationError([
      "REFERENCE_KEY is for development and test: everybody who opens /docs has it",
    ]);
  return REFERENCE_KEY;
}
