export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Sends one mail or throws. */
export interface MailTransport {
  send(mail: Mail): Promise<void>;
}
