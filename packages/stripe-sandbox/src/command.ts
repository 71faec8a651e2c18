import { parseArgs } from "node:util";
import type { SandboxOptions } from "./sandbox.ts";

/** What `--help` prints. */
export const usage = `A local Stripe for development and tests. It prints one JSON line, {"url", "port"}, when it serves.

  stripe-sandbox [options]

  --port <number>            (PORT)                  a free one unless given
  --host <name>              (HOST)                  127.0.0.1 unless given; there is no secret to protect it
  --file <path>              (STRIPE_SANDBOX_FILE)   what keeps everything; stripe-sandbox.sqlite unless given
  --webhook-url <url>        (WEBHOOK_URL)           gets every event
  --webhook-secret <whsec>   (WEBHOOK_SECRET)        signs them
  --starts-at <ISO 8601>     (STRIPE_SANDBOX_START)  where the clock of a new file begins; real time unless given
  --still                                            the clock stands still between advances
  --clock-hook-url <url>     (CLOCK_HOOK_URL)        POST {"now"} before each step of the clock
  --settled-hook-url <url>   (SETTLED_HOOK_URL)      asked whether a step has settled
  --help
`;

type Environment = Record<string, string | undefined>;

/** Start options from the command line, or from the environment where an option is not given. */
export function readCommand(
  parameters: string[],
  env: Environment,
): SandboxOptions | "help" | { refused: string } {
  let given: ReturnType<typeof optionsOf>;
  try {
    given = optionsOf(parameters);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  if (given.help) return "help";
  const of = (name: keyof typeof variables): string | undefined =>
    given[name] ?? (env[variables[name]] || undefined);
  const port = of("port") ?? "0";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return { refused: "port must be a number to 65535." };
  const start = of("starts-at");
  if (start !== undefined && Number.isNaN(Date.parse(start))) {
    return { refused: "starts-at must be a time in ISO 8601." };
  }
  const webhookUrl = of("webhook-url");
  if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) return { refused: "webhook-url must be a URL." };
  if (webhookUrl !== undefined && of("webhook-secret") === undefined) {
    return { refused: "webhook-url needs webhook-secret." };
  }
  const startsAt = start === undefined ? undefined : new Date(start);
  return {
    file: of("file") ?? "stripe-sandbox.sqlite",
    port: Number(port),
    host: of("host"),
    webhookUrl,
    webhookSecret: of("webhook-secret"),
    clockHookUrl: of("clock-hook-url"),
    settledHookUrl: of("settled-hook-url"),
    ...(given.still ? { stillAt: startsAt ?? new Date() } : { startsAt }),
  };
}

const variables = {
  port: "PORT",
  host: "HOST",
  file: "STRIPE_SANDBOX_FILE",
  "webhook-url": "WEBHOOK_URL",
  "webhook-secret": "WEBHOOK_SECRET",
  "starts-at": "STRIPE_SANDBOX_START",
  "clock-hook-url": "CLOCK_HOOK_URL",
  "settled-hook-url": "SETTLED_HOOK_URL",
} as const;

function optionsOf(args: string[]) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      port: text,
      host: text,
      file: text,
      "webhook-url": text,
      "webhook-secret": text,
      "starts-at": text,
      "clock-hook-url": text,
      "settled-hook-url": text,
      still: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  return values;
}
