import process from "node:process";
import { logLevel, port, readConfiguration } from "@headroom/platform/config";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { z } from "zod";
import { startMailCapture } from "./capture.ts";

const variables = z.object({
  LOG_LEVEL: logLevel,
  HOST: z.string().default("127.0.0.1"),
  PORT: port,
  SMTP_PORT: port,
  MAIL_DIRECTORY: z.string(),
});

const environment = readConfiguration(variables, process.env);
const log = createLogger({ service: "mail", level: environment.LOG_LEVEL });
const lifecycle = superviseProcess(log);
const capture = await startMailCapture({
  host: environment.HOST,
  httpPort: environment.PORT,
  smtpPort: environment.SMTP_PORT,
  directory: environment.MAIL_DIRECTORY,
  log,
});
lifecycle.onStop("capture", () => capture.close());
