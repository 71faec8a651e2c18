import { escapeHtml, singleLine, webLink } from "./escaping.ts";

/** What a mail says. Every part may hold other people's words. */
export interface Letter {
  subject: string;
  opening: string;
  action: string;
  link: string;
  closing: string;
}

export interface RenderedMail {
  /** One line. */
  subject: string;
  text: string;
  html: string;
  /** The same words one by one, for services that keep the page themselves. One line each. */
  variables: Readonly<Record<string, string>>;
}

/** The one form of all mails. Each part becomes one line, and in HTML it is escaped. @throws Error for a link that is no web address */
export function layOut(letter: Letter): RenderedMail {
  const subject = singleLine(letter.subject);
  const opening = singleLine(letter.opening);
  const action = singleLine(letter.action);
  const closing = singleLine(letter.closing);
  const link = webLink(letter.link);
  return {
    subject,
    text: `${opening}\n\n${action}:\n${link}\n\n${closing}\n`,
    html: page({ subject, opening, action, link, closing }),
    variables: { subject, opening, action, link, closing },
  };
}

function page({ opening, action, link, closing }: Letter): string {
  return `<!doctype html>
<html lang="en">
<body style="margin:0;padding:32px 16px;background:#f4f5f7;color:#1c2024;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<p style="margin:0 0 24px">${escapeHtml(opening)}</p>
<p style="margin:0 0 24px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:10px 20px;background:#1c2024;color:#ffffff;border-radius:6px;text-decoration:none">${escapeHtml(action)}</a></p>
<p style="margin:0;color:#60646c;font-size:14px">${escapeHtml(closing)}</p>
</div>
</body>
</html>
`;
}

const moment = new Intl.DateTimeFormat("en", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
const number = new Intl.NumberFormat("en");

/** `November 29, 2026 at 12:00 PM UTC`. @param instant ISO 8601 */
export function readableTime(instant: string): string {
  return `${moment.format(new Date(instant))} UTC`;
}

/** `12,500`. */
export function readableNumber(value: number): string {
  return number.format(value);
}
