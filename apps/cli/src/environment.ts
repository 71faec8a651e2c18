import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { databaseUrl, environmentName, logLevel, readConfiguration } from "@headroom/platform/config";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { z } from "zod";

const variables = z.object({
  ...stripeVariables,
  HEADROOM_ENV: environmentName,
  LOG_LEVEL: logLevel.default("warn"),
  DATABASE_URL: databaseUrl,
  HEADROOM_CONFIG: z.string().default("headroom.config.ts"),
});

export type CliVariables = z.output<typeof variables>;

export type Environment = Readonly<Record<string, string | undefined>>;

const checkout = path.join(import.meta.dirname, "../../..");

/**
 * The variables of a command. Without DATABASE_URL the development stack that runs in this checkout is meant, as
 * `.headroom/stack.json` (or the file that HEADROOM_STACK names) describes it: its database, its configuration and,
 * unless a key is given, its local Stripe; never in production.
 * @throws ConfigurationError
 */
export function readVariables(environment: Environment): CliVariables {
  return readConfiguration(variables, { ...stackVariables(environment), ...withoutBlanks(environment) });
}

/** Who runs the command, as the audit log names them. */
export function operatorOf(environment: Environment): { kind: "operator"; name: string } {
  return { kind: "operator", name: environment.USER || "cli" };
}

/** Everything that is known of the installation, for `doctor`: also what only the stack's applications read. */
export function readSurroundings(environment: Environment): {
  environment: Environment;
  stack: Stack | null;
} {
  const file = stackFileOf(environment);
  const stack = findStack(environment);
  if (file === null || stack === null) {
    return { environment: withoutBlanks(environment), stack };
  }
  const ports = readBeside(file, "ports.json");
  const added = { ...ofApplications(stack, ports), ...secretsBeside(file) };
  return {
    environment: { ...added, ...stackVariables(environment), ...withoutBlanks(environment) },
    stack: { ...stack, ...(ports.worker ? { worker: `http://127.0.0.1:${ports.worker}` } : {}) },
  };
}

/** As `npm start` sets them where the shell does not. */
function ofApplications({ issuer, mail }: Stack, { smtp }: Beside): Environment {
  return {
    ...(issuer ? { OIDC_ISSUER: issuer, OIDC_AUDIENCE: "headroom" } : {}),
    ...(mail && smtp ? { SMTP_URL: `smtp://127.0.0.1:${smtp}` } : {}),
  };
}

/** The secrets that the stack made for itself. */
function secretsBeside(file: string): Environment {
  const made = readBeside(file, "secrets.json");
  return withoutBlanks({
    STRIPE_WEBHOOK_SECRETS: made.stripeWebhookSecret,
    SECRETS_KEY: made.secretsKey,
    INVITE_LINK_KEY: made.inviteLinkKey,
  });
}

type Beside = Readonly<Record<string, string | undefined>>;

/** What else stands in the stack's data folder; where the file is a copy in the checkout, nothing may. */
function readBeside(file: string, name: string): Beside {
  const beside = path.join(path.dirname(file), name);
  return existsSync(beside) ? (JSON.parse(readFileSync(beside, "utf8")) as Beside) : {};
}

/**
 * Where a running development stack says what it is: `.headroom/stack.json`, or the file that HEADROOM_STACK names. Null
 * where none runs, and in production.
 */
export function stackFileOf(environment: Environment): string | null {
  const file = environment.HEADROOM_STACK || path.join(checkout, ".headroom/stack.json");
  return environment.HEADROOM_ENV === "production" || !existsSync(file) ? null : file;
}

function findStack(environment: Environment): Stack | null {
  const file = stackFileOf(environment);
  const isGiven = Boolean(environment.DATABASE_URL || environment.DATABASE_URL_FILE);
  if (isGiven || file === null) {
    return null;
  }
  return JSON.parse(readFileSync(file, "utf8")) as Stack;
}

function stackVariables(environment: Environment): Environment {
  const stack = findStack(environment);
  if (stack === null) {
    return {};
  }
  return {
    DATABASE_URL: stack.databaseUrl,
    HEADROOM_ENV: "development",
    HEADROOM_CONFIG: stack.configurationFile,
    ...(isStripeGiven(environment) ? {} : localStripe(stack)),
  };
}

/** What is read of `stack.json`; one that an earlier version wrote names no configuration. */
export interface Stack {
  api?: string;
  webhook?: string;
  /** The worker's probes. */
  worker?: string;
  issuer?: string | null;
  /** Where captured mail is shown. */
  mail?: string | null;
  databaseUrl: string;
  /** Absolute. */
  configurationFile?: string;
  /** The local Stripe; null where the stack was started with a key of Stripe's. */
  stripe: string | null;
}

function isStripeGiven(environment: Environment): boolean {
  const { STRIPE_SECRET_KEY, STRIPE_SECRET_KEY_FILE, STRIPE_API_BASE } = environment;
  return Boolean(STRIPE_SECRET_KEY || STRIPE_SECRET_KEY_FILE || STRIPE_API_BASE);
}

/** The local Stripe has one account, which any test key opens. */
function localStripe({ stripe }: Stack): Environment {
  return stripe === null ? {} : { STRIPE_SECRET_KEY: "sk_test_development", STRIPE_API_BASE: stripe };
}

// An empty variable counts as unset, and must not hide the stack's.
function withoutBlanks(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
}
