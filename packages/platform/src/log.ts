import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import { redact } from "./redaction.ts";
import { openStdout } from "./stdout.ts";

/** Fields first, then a constant message: `log.info({ ms }, "request answered")`. */
export type Logger = PinoLogger;

/**
 * A JSON logger, one line per event on stdout. Warnings and worse are written before the call returns, and the process
 * does not exit before everything is written, so that the last words of a dying one arrive; other lines are written
 * together at the end of the event loop's turn, and only a process that is killed in that moment loses them. Sensitive fields and texts are hidden at any depth (see `redaction.ts`).
 */
export function createLogger(
  options: { service: string; level: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service, pid: process.pid },
    timestamp,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redact(fields) as Record<string, unknown>,
    },
    // The formatter above has already turned errors into plain, redacted objects.
    serializers: { err: (error: unknown) => error },
  };
  return redactChildren(pino(settings, destination ?? openStdout()));
}

let millisecond = 0;
let time = "";

/** ISO 8601; under load, many lines are of one millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== millisecond) {
    millisecond = now;
    time = `,"time":"${new Date(now).toISOString()}"`;
  }
  return time;
}

/** Pino's formatters do not see what a child is bound to. Children inherit this from their parent. */
function redactChildren(logger: Logger): Logger {
  const { child } = logger;
  logger.child = function bind(this: Logger, bindings, options) {
    return child.call(this, redact(bindings) as typeof bindings, options);
  } as typeof child;
  return logger;
}
