import type { Answer } from "./server.ts";

/** A whole page around its content, which is HTML already. */
export function layout(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Stripe sandbox</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}
button,select,input{font:inherit;padding:.5rem 1rem;min-height:2.75rem}</style></head>
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
