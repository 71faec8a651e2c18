import path from "node:path";
import { urlOf } from "./addresses.ts";
import type { DataFolder } from "./data-folder.ts";
import { compileCache, sandboxEnvironment } from "./environment.ts";
import type { StartOptions } from "./options.ts";
import type { Ports } from "./ports.ts";
import type { ProcessSpec } from "./processes.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The parts that stand in for somebody else's service: only those that no address was given for. */
export const standIns = (
  root: string,
  options: StartOptions,
  ports: Ports,
  folder: DataFolder,
  shell: Environment,
  startsAt: Date | null,
): ProcessSpec[] => {
  const here = path.join(root, "infra", "local");
  const base = {
    PATH: shell.PATH,
    LOG_LEVEL: shell.LOG_LEVEL,
    NODE_COMPILE_CACHE: compileCache(shell, folder),
    NODE_OPTIONS: shell.NODE_OPTIONS,
    HEADROOM_ENV: "development",
  };
  const all: (ProcessSpec & { wanted: boolean })[] = [
    {
      name: "stripe",
      wanted: options.stripeSecretKey === null,
      script: path.join(root, "packages", "stripe-sandbox", "src", "main.ts"),
      environment: {
        ...base,
        ...sandboxEnvironment(folder.file("stripe-sandbox.sqlite"), ports, folder.secrets(), startsAt),
      },
      readyUrl: `${urlOf(ports.stripe)}/readyz`,
    },
    {
      name: "issuer",
      wanted: options.oidcIssuer === null,
      script: path.join(here, "issuer", "main.ts"),
      environment: {
        ...base,
        PORT: String(ports.issuer),
        ISSUER_KEY_FILE: folder.file("issuer-keys.json"),
        ISSUER_SESSION_FILE: folder.file("issuer-sessions.json"),
        OIDC_AUDIENCE: shell.OIDC_AUDIENCE || "headroom",
        CONSOLE_CLIENT_ID: shell.CONSOLE_CLIENT_ID,
      },
      readyUrl: `${urlOf(ports.issuer)}/readyz`,
    },
    {
      name: "mail",
      wanted: options.smtpUrl === null,
      script: path.join(here, "mail", "main.ts"),
      environment: {
        ...base,
        PORT: String(ports.mail),
        SMTP_PORT: String(ports.smtp),
        MAIL_DIRECTORY: folder.file("mail"),
      },
      readyUrl: `${urlOf(ports.mail)}/readyz`,
    },
  ];
  return all.filter((spec) => spec.wanted).map(({ wanted: _, ...spec }) => spec);
};

/** The applications themselves. */
export const applications = (root: string, ports: Ports, environment: Environment): ProcessSpec[] =>
  (
    [
      ["api", "api", ports.api],
      ["webhook", "stripe-webhook", ports.webhook],
      ["worker", "worker", ports.worker],
    ] as const
  ).map(([name, directory, port]) => ({
    name,
    script: path.join(root, "apps", directory, "src", "main.ts"),
    environment: { ...environment, PORT: String(port) },
    readyUrl: `${urlOf(port)}/readyz`,
  }));
