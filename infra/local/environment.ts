import { operator } from "@headroom/cli/seed/cast";
import { host, urlOf } from "./addresses.ts";
import type { DataFolder, Secrets } from "./data-folder.ts";
import { subjectOf } from "./issuer/tokens.ts";
import type { StartOptions } from "./options.ts";
import type { Ports } from "./ports.ts";
import { keptDemoKey } from "./seed-marks.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the webhook app takes events, below its base URL. */
const webhookPath = "/stripe";

/** Variables of the person's shell that belong to npm, or would contradict what we set: mail goes over SMTP here. */
const isForeign = (name: string): boolean => /^(npm_|INIT_CWD$|LOOPS_|PORT$|METRICS_PORT$)/.test(name);

const secretNames = [
  "DATABASE_URL",
  "STRIPE_SECRET_KEY",
  "STRIPE_WEBHOOK_SECRETS",
  "SMTP_URL",
  "SECRETS_KEY",
  "INVITE_LINK_KEY",
];

/** The shell's variables that children may see: what comes from a file there is replaced by what we set. */
const inherited = (shell: Environment): Environment => {
  const files = new Set(secretNames.map((name) => `${name}_FILE`));
  return Object.fromEntries(Object.entries(shell).filter(([name]) => !isForeign(name) && !files.has(name)));
};

const stripeVariables = (
  shell: Environment,
  options: StartOptions,
  ports: Ports,
  secrets: Secrets,
): Environment =>
  options.stripeSecretKey === null
    ? {
        STRIPE_SECRET_KEY: secrets.stripeSecretKey,
        STRIPE_API_BASE: urlOf(ports.stripe),
        STRIPE_WEBHOOK_SECRETS: secrets.stripeWebhookSecret,
      }
    : {
        STRIPE_SECRET_KEY: options.stripeSecretKey,
        STRIPE_API_BASE: shell.STRIPE_API_BASE,
        STRIPE_WEBHOOK_SECRETS: shell.STRIPE_WEBHOOK_SECRETS || secrets.stripeWebhookSecret,
      };

/** Where processes keep what they have compiled: the shell's place, or with the data. */
export const compileCache = (shell: Environment, folder: DataFolder): string =>
  shell.NODE_COMPILE_CACHE || folder.file("compile-cache");

/** What every application of the stack reads, whatever it is. */
export const applicationEnvironment = (
  shell: Environment,
  options: StartOptions,
  ports: Ports,
  folder: DataFolder,
  { databaseUrl, consoleDirectory }: { databaseUrl: string; consoleDirectory: string },
): Environment => ({
  NODE_COMPILE_CACHE: compileCache(shell, folder),
  OIDC_AUDIENCE: "headroom",
  MAIL_FROM: "Headroom <headroom@localhost>",
  ...inherited(shell),
  HEADROOM_ENV: "development",
  HEADROOM_CONFIG: options.configurationFile,
  HOST: host,
  DATABASE_URL: databaseUrl,
  REFERENCE_KEY: shell.REFERENCE_KEY || (keptDemoKey(folder) ?? undefined),
  CONSOLE_DIRECTORY: consoleDirectory,
  CONSOLE_URL: shell.CONSOLE_URL || urlOf(ports.api),
  ...(options.smtpUrl === null && { MAIL_CAPTURE_URL: urlOf(ports.mail) }),
  OIDC_ISSUER: options.oidcIssuer ?? urlOf(ports.issuer),
  ...(options.oidcIssuer === null && {
    OPERATORS: shell.OPERATORS || `${urlOf(ports.issuer)}|${subjectOf(operator.email)}`,
  }),
  SECRETS_KEY: shell.SECRETS_KEY || folder.secrets().secretsKey,
  INVITE_LINK_KEY: shell.INVITE_LINK_KEY || folder.secrets().inviteLinkKey,
  WEBHOOKS_ALLOW_INTERNAL: "true",
  SMTP_URL: options.smtpUrl ?? `smtp://${host}:${ports.smtp}`,
  ...stripeVariables(shell, options, ports, folder.secrets()),
});

/** What the Stripe sandbox reads: where it keeps its state, whom it calls, and who lives by its clock, which begins at `startsAt` on a new file. */
export const sandboxEnvironment = (
  file: string,
  ports: Ports,
  secrets: Secrets,
  startsAt: Date | null,
): Environment => ({
  PORT: String(ports.stripe),
  HOST: host,
  STRIPE_SANDBOX_FILE: file,
  STRIPE_SANDBOX_START: startsAt?.toISOString(),
  WEBHOOK_URL: `${urlOf(ports.webhook)}${webhookPath}`,
  WEBHOOK_SECRET: secrets.stripeWebhookSecret,
  CLOCK_HOOK_URL: `${urlOf(ports.clock)}/clock`,
  SETTLED_HOOK_URL: `${urlOf(ports.clock)}/settled`,
});
