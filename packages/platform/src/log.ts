import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { redact } from "./redaction.ts";

/** Fields first, then a constant message: `log.info({ ms }, "request answered")`. */
export type Logger = PinoLogger;

/**
 * A JSON logger, one line per event on stdout, written synchronously so that the last words of a dying process
 * arrive. Sensitive fields and texts are hidden at any depth (see `redaction.ts`).
 */
export function createLogger(
  options: { service: string; level: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redact(fields) as Record<string, unknown>,
    },
    // The formatter above has already turned errors into plain, redacted objects.
    serializers: { err: (error: unknown) => error },
  };
  return redactChildren(destination === undefined ? pino(settings) : pino(settings, destination));
}

/** Pino's formatters do not see what a child is bound to. Children inherit this from their parent. */
function redactChildren(logger: Logger): Logger {
  const { child } = logger;
  logger.child = function bind(this: Logger, bindings, options) {
    return child.call(this, redact(bindings) as typeof bindings, options);
  } as typeof child;
  return logger;
}
