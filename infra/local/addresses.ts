import type { StartOptions } from "./options.ts";
import type { Ports } from "./ports.ts";

/** Everything of the stack listens here and nowhere else. */
export const host = "127.0.0.1";

/** Base URLs; null where the part is somebody else's or does not exist. */
export type Addresses = {
  api: string;
  webhook: string;
  console: string;
  stripe: string | null;
  issuer: string | null;
  mail: string | null;
};

/** The object that `--json` prints. `demoKey` is the API key of the demo's Acme; null without the demo. */
export type ReadyStack = Addresses & {
  databaseUrl: string;
  platformKey: string | null;
  demoKey: string | null;
};

/** What stands in `stack.json`: the same with the configuration, absolute, and the ids of the processes. */
export type StackFile = ReadyStack & { configurationFile: string; processes: Record<string, number> };

/** The base URL of a port of this stack. */
export const urlOf = (port: number): string => `http://${host}:${port}`;

/** Where the parts of this stack answer. */
export const addressesOf = (options: StartOptions, ports: Ports): Addresses => ({
  api: urlOf(ports.api),
  webhook: urlOf(ports.webhook),
  console: urlOf(ports.api),
  stripe: options.stripeSecretKey === null ? urlOf(ports.stripe) : null,
  issuer: options.oidcIssuer ?? urlOf(ports.issuer),
  mail: options.smtpUrl === null ? urlOf(ports.mail) : null,
});
