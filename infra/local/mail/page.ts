import { escapeHtml, renderPage } from "../page.ts";
import type { CapturedMail } from "./store.ts";

const style = `
article { border-top: 1px solid var(--line); padding: 1rem 0 }
article > div { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; margin-top: .75rem }
h2 { margin-top: 0 }
time { white-space: nowrap }
h2 a { color: inherit }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, monospace }
iframe { width: 100%; height: 24rem; border: 1px solid var(--line); background: #fff; color-scheme: light }
`;

/** Runs no script. Its links open beside the list, where a person may follow them. */
const frame = ({ subject, html }: CapturedMail): string =>
  `<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(`<base target="_blank">${html}`)}" title="${escapeHtml(`${subject}, as a mail program shows it`)}"></iframe>`;

const entry = (mail: CapturedMail): string => `<article id="${escapeHtml(mail.id)}">
<h2><a href="#${escapeHtml(mail.id)}">${escapeHtml(mail.subject) || "(no subject)"}</a></h2>
<p class="quiet">${escapeHtml(mail.from)} to ${escapeHtml(mail.to)}, <time datetime="${escapeHtml(mail.receivedAt)}">${escapeHtml(mail.receivedAt)}</time></p>
<div><pre>${escapeHtml(mail.text)}</pre>${mail.html === "" ? "" : frame(mail)}</div>
</article>`;

/** Every captured mail for a person to read, newest first: its text, and its page as a mail program shows it. */
export const renderMailPage = (mails: readonly CapturedMail[]): string =>
  renderPage(
    "Captured mail",
    mails.length === 0 ? "<p>None yet.</p>" : mails.toReversed().map(entry).join("\n"),
    style,
    "wide",
  );
