import type { InvitedRole } from "@headroom/domain/invites";
import { escapeHtml, singleLine } from "./escaping.ts";
import type { Mail } from "./transport.ts";

export interface InviteMailFacts {
  organizationName: string;
  /** null: the invite came from a key. */
  inviterName: string | null;
  role: InvitedRole;
  link: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** The mail that carries an invite's link. Names are other people's words: escaped, and never more than one line. */
export function renderInviteMail(facts: InviteMailFacts): Pick<Mail, "subject" | "text" | "html"> {
  const organization = singleLine(facts.organizationName);
  const sender = facts.inviterName === null ? null : singleLine(facts.inviterName);
  const role = facts.role === "admin" ? "an admin" : "a member";
  const opening =
    sender === null
      ? `You are invited to join ${organization} as ${role}.`
      : `${sender} invites you to join ${organization} as ${role}.`;
  const closing = `The link works until ${readableDay(facts.expiresAt)} and for this address only. If you do not expect it, you need do nothing.`;
  return {
    subject: `Join ${organization}`,
    text: `${opening}\n\nAccept the invite:\n${facts.link}\n\n${closing}\n`,
    html: page(opening, facts.link, closing),
  };
}

function page(opening: string, link: string, closing: string): string {
  return `<!doctype html>
<html lang="en">
<body style="margin:0;padding:32px 16px;background:#f4f5f7;color:#1c2024;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<p style="margin:0 0 24px">${escapeHtml(opening)}</p>
<p style="margin:0 0 24px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:10px 20px;background:#1c2024;color:#ffffff;border-radius:6px;text-decoration:none">Accept the invite</a></p>
<p style="margin:0;color:#60646c;font-size:14px">${escapeHtml(closing)}</p>
</div>
</body>
</html>
`;
}

const day = new Intl.DateTimeFormat("en", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });

function readableDay(instant: string): string {
  return `${day.format(new Date(instant))} UTC`;
}
