export interface Mail {
  /** The same on every attempt: becomes the Message-ID, by which mail systems know a repetition. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Sends one mail or throws. */
export interface MailTransport {
  send(mail: Mail): Promise<void>;
}
