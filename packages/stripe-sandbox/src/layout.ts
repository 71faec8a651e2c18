import type { Answer } from "./http.ts";

const style = `
:root{color-scheme:light dark;--ink:#1c1d22;--quiet:#5b5e6a;--ground:#fff;--raised:#f5f6f8;--line:#7b7f8c;--accent:#3347c4;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#ececf1;--quiet:#a9adba;--ground:#14151a;--raised:#1f2128;--line:#7d8190;--accent:#a9b6ff;--on-accent:#14151a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:28rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}
.quiet{color:var(--quiet);margin-top:0}
a{color:var(--accent);display:inline-block;padding:.5rem 0}
ul{list-style:none;margin:1.5rem 0;padding:0;border-top:1px solid var(--line)}
li{border-bottom:1px solid var(--line);padding:.75rem 0}
li.sum{display:flex;justify-content:space-between;gap:1rem}
label{display:block;font-weight:600}
button,select,input{font:inherit;color:inherit;width:100%;padding:.5rem .75rem;min-height:2.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--ground)}
button{background:var(--accent);color:var(--on-accent);border-color:var(--accent);font-weight:600;cursor:pointer}
li button{background:var(--raised);color:var(--ink);border-color:var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[role=alert]{border-inline-start:.25rem solid currentcolor;padding-inline-start:.75rem}`;

/** A whole page around its content, which is HTML already. */
export function layout(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Stripe sandbox</title>
<style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${content}</main></body></html>`;
}

/** Currencies whose smallest unit is the whole one (docs.stripe.com/currencies, zero-decimal). */
const wholeUnits = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split(" "));

export function money(amount: number, currency: string): string {
  const figure = wholeUnits.has(currency.toLowerCase()) ? String(amount) : (amount / 100).toFixed(2);
  return `${figure} ${escapeHtml(currency.toUpperCase())}`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function page(status: number, body: string): Answer {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
  return { status, headers, body };
}
