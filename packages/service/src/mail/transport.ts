import type { MailTemplate } from "./templates.ts";

export interface Mail {
  /** The same on every attempt, by which mail systems know a repetition. */
  id: string;
  /** One address. */
  to: string;
  template: MailTemplate;
  /** One line. */
  subject: string;
  text: string;
  html: string;
  /** The same words one by one, for services that keep the page themselves. One line each. */
  variables: Readonly<Record<string, string>>;
}

/** Sends one mail or throws: `MailRefusedError` when another attempt would end the same. */
export interface MailTransport {
  send(mail: Mail): Promise<void>;
}

/** The receiving side will not take this mail, now or later. */
export class MailRefusedError extends Error {
  override readonly name = "MailRefusedError";
}
