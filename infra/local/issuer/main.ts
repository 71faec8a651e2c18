import process from "node:process";
import { operator, people } from "@headroom/cli/seed/cast";
import { environmentName, logLevel, port, readConfiguration } from "@headroom/platform/config";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { z } from "zod";
import { startIssuer } from "./issuer.ts";

const variables = z.object({
  HEADROOM_ENV: environmentName.refine((name) => name !== "production", "hands a token to anybody who asks"),
  LOG_LEVEL: logLevel,
  HOST: z.string().default("127.0.0.1"),
  PORT: port,
  ISSUER_KEY_FILE: z.string(),
  ISSUER_SESSION_FILE: z.string(),
  OIDC_AUDIENCE: z.string(),
  CONSOLE_CLIENT_ID: z.string().default("headroom-console"),
});

const environment = readConfiguration(variables, process.env);
const log = createLogger({ service: "issuer", level: environment.LOG_LEVEL });
const lifecycle = superviseProcess(log);
const server = await startIssuer({
  host: environment.HOST,
  port: environment.PORT,
  keyFile: environment.ISSUER_KEY_FILE,
  sessionFile: environment.ISSUER_SESSION_FILE,
  audience: environment.OIDC_AUDIENCE,
  clientId: environment.CONSOLE_CLIENT_ID,
  people: [...people, operator],
  log,
});
lifecycle.onStop("http", () => server.close());
