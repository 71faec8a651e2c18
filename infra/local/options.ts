import path from "node:path";
import { parseArgs } from "node:util";

/** The parts that listen on a port. */
export const portNames = [
  "api",
  "webhook",
  "worker",
  "stripe",
  "issuer",
  "mail",
  "smtp",
  "postgres",
  "clock",
] as const;
export type PortName = (typeof portNames)[number];

/** What the caller of `npm start` decided. An address that is given replaces the part that we would start. */
export type StartOptions = {
  help: boolean;
  json: boolean;
  fresh: boolean;
  tour: boolean;
  seed: boolean;
  /** Absolute. */
  dataDirectory: string;
  /** Absolute. */
  configurationFile: string;
  /** `--config` was given. */
  hasOwnConfiguration: boolean;
  ports: Partial<Record<PortName, number>>;
  databaseUrl: string | null;
  stripeSecretKey: string | null;
  oidcIssuer: string | null;
  smtpUrl: string | null;
};

/** The command line or the environment cannot be used as it is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const help = `usage: npm start -- [options]

  --json           one line on standard output when ready: {"api", "webhook", "console", "stripe", "issuer",
                   "mail", "databaseUrl", "platformKey", "demoKey"}; everything else on standard error
  --no-tour        do not run the tour on the first start (nor with --config)
  --no-seed        do not fill a new data folder with the three organizations of the demo (nor with --config)
  --fresh          empty the data folder first
  --data DIR       the data folder (.headroom)
  --config FILE    the configuration (headroom.config.ts)
  --port-NAME N    the port of a part, also as HEADROOM_PORT_NAME in the environment; a free one unless given.
                   NAME is one of ${portNames.join(", ")}
  --help           this text

Taken from the environment instead of starting a part of our own: DATABASE_URL, STRIPE_SECRET_KEY (a test key,
with STRIPE_WEBHOOK_SECRETS, and STRIPE_API_BASE for another address than Stripe's), OIDC_ISSUER (with
OIDC_AUDIENCE, "headroom" unless given), SMTP_URL.
`;

type Environment = Readonly<Record<string, string | undefined>>;

const portFlags = Object.fromEntries(portNames.map((name) => [`port-${name}`, { type: "string" }] as const));

const parse = (parameters: string[]) => {
  try {
    return parseArgs({
      args: parameters,
      options: {
        help: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        fresh: { type: "boolean", default: false },
        "no-tour": { type: "boolean", default: false },
        "no-seed": { type: "boolean", default: false },
        data: { type: "string" },
        config: { type: "string" },
        ...portFlags,
      },
    }).values as Record<string, string | boolean | undefined>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const readPort = (name: string, text: string | boolean | undefined): number | null => {
  if (text === undefined || text === "") return null;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`${name}: ${text} is no port`);
  return port;
};

const readPorts = (flags: Record<string, string | boolean | undefined>, environment: Environment) => {
  const ports: Partial<Record<PortName, number>> = {};
  for (const name of portNames) {
    const variable = `HEADROOM_PORT_${name.toUpperCase()}`;
    const port =
      readPort(`--port-${name}`, flags[`port-${name}`]) ?? readPort(variable, environment[variable]);
    if (port !== null) ports[name] = port;
  }
  return ports;
};

const assertTestKey = (key: string | null): void => {
  if (key !== null && /^(sk|rk)_live_/.test(key)) {
    throw new UsageError(
      "STRIPE_SECRET_KEY is a live key: this is a development stack, give it a test key or none",
    );
  }
};

/**
 * Reads the command line and the environment. Relative paths start at `here`.
 * @throws UsageError with a sentence for the person who typed it
 */
export const readOptions = (
  parameters: string[],
  environment: Environment,
  places: { root: string; here: string },
): StartOptions => {
  const flags = parse(parameters);
  const given = (name: string): string | null => environment[name] || null;
  const stripeSecretKey = given("STRIPE_SECRET_KEY");
  assertTestKey(stripeSecretKey);
  return {
    help: flags.help === true,
    json: flags.json === true,
    fresh: flags.fresh === true,
    tour: flags["no-tour"] !== true,
    seed: flags["no-seed"] !== true,
    dataDirectory: path.resolve(places.here, String(flags.data ?? path.join(places.root, ".headroom"))),
    configurationFile: path.resolve(
      places.here,
      String(flags.config ?? path.join(places.root, "headroom.config.ts")),
    ),
    hasOwnConfiguration: flags.config !== undefined,
    ports: readPorts(flags, environment),
    databaseUrl: given("DATABASE_URL"),
    stripeSecretKey,
    oidcIssuer: given("OIDC_ISSUER"),
    smtpUrl: given("SMTP_URL"),
  };
};

/** What puts something else where the tour needs ours: a clock, tokens, captured mail, the shipped plans. */
export const hindrancesOfTour = (options: StartOptions): string[] => {
  const given = {
    STRIPE_SECRET_KEY: options.stripeSecretKey,
    OIDC_ISSUER: options.oidcIssuer,
    SMTP_URL: options.smtpUrl,
  };
  const others = Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [name]));
  return options.hasOwnConfiguration ? ["--config", ...others] : others;
};

/** The same for the demo data, which needs a database of its own too: its clock begins in the past. */
export const hindrancesOfSeed = (options: StartOptions): string[] =>
  options.databaseUrl === null ? hindrancesOfTour(options) : [...hindrancesOfTour(options), "DATABASE_URL"];
