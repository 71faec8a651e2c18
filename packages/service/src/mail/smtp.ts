import { createTransport } from "nodemailer";
import { MailRefusedError, type MailTransport } from "./transport.ts";

const patience = 10_000;

/**
 * Mail over SMTP. Every wait is bounded, so that a mail server that hangs is an error.
 * @param options.url `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte
 * @param options.from the sender, `Name <address>` or an address
 */
export function createSmtpTransport(options: { url: string; from: string }): MailTransport {
  const transport = createTransport(
    {
      url: options.url,
      connectionTimeout: patience,
      greetingTimeout: patience,
      socketTimeout: patience,
      dnsTimeout: patience,
      // Nothing in a mail of ours names a file or an address to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from: options.from },
  );
  const domain = /@([^>\s]+)/.exec(options.from)?.[1] ?? "localhost";
  return {
    async send({ id, to, subject, text, html }) {
      try {
        // An address object: text that looks like a list of addresses stays one.
        await transport.sendMail({
          messageId: `<${id}@${domain}>`,
          to: { name: "", address: to },
          subject,
          text,
          html,
        });
      } catch (error) {
        throw isFinal(error) ? new MailRefusedError((error as Error).message, { cause: error }) : error;
      }
    },
  };
}

/**
 * True when the server will not take this mail: 5xx (RFC 5321, section 4.2.1) to its recipient or its text. What it has
 * against us, our login or our sender, may be put right and is worth another attempt.
 */
function isFinal(error: unknown): boolean {
  const { responseCode = 0, command = "" } = error as { responseCode?: number; command?: string };
  return responseCode >= 500 && responseCode < 600 && /^(RCPT TO|DATA)$/.test(command);
}
