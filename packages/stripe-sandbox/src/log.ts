/** The part of a pino logger that the sandbox uses: fields first, a constant message second. */
export interface SandboxLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silent: SandboxLog = { info: () => {}, warn: () => {}, error: () => {} };

/** JSON lines on a stream. */
export function streamLog(stream: NodeJS.WritableStream): SandboxLog {
  const write = (level: string) => (fields: object, message: string) => {
    stream.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
