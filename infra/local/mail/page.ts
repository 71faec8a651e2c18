import type { CapturedMail } from "./store.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => entities[character] ?? "");

/** Runs no script. Its links open beside the list, where a person may follow them. */
const frame = (html: string): string =>
  `<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(`<base target="_blank">${html}`)}"></iframe>`;

const entry = ({ from, to, subject, text, html, receivedAt }: CapturedMail): string => `<article>
<h2>${escapeHtml(subject)}</h2>
<p>${escapeHtml(from)} to ${escapeHtml(to)}, ${escapeHtml(receivedAt)}</p>
<div><pre>${escapeHtml(text)}</pre>${html === "" ? "" : frame(html)}</div>
</article>`;

/** Every captured mail for a person to read, newest first: its text, and its page as a mail program shows it. */
export const renderMailPage = (mails: readonly CapturedMail[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Captured mail</title>
<style>
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif }
article { border-top: 1px solid #ccc; padding: 1rem 0 }
div { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
iframe { width: 100%; height: 24rem; border: 1px solid #ccc }
</style>
</head>
<body>
<h1>Captured mail</h1>
${mails.length === 0 ? "<p>None yet.</p>" : mails.toReversed().map(entry).join("\n")}
</body>
</html>
`;
