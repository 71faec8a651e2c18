import type { Terminal } from "./terminal.ts";

/** What commands are run with. */
export interface Shell {
  environment: Readonly<Record<string, string | undefined>>;
  terminal: Terminal;
  /** The exit code of a command that ran: 0 unless it found a problem. */
  finish: (code: 0 | 1) => void;
}
