import type { RenderedMail } from "./layout.ts";
import type { MailTemplate } from "./templates.ts";

export interface Mail extends RenderedMail {
  /** The same on every attempt, by which mail systems know a repetition. */
  id: string;
  /** One address. */
  to: string;
  template: MailTemplate;
}

/** Sends one mail or throws: `MailRefusedError` when another attempt would end the same. */
export interface MailTransport {
  send(mail: Mail): Promise<void>;
}

/** The receiving side will not take this mail, now or later. */
export class MailRefusedError extends Error {
  override readonly name = "MailRefusedError";
}
