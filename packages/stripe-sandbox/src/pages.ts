import { openBooks } from "./books.ts";
import { pay } from "./control.ts";
import { StripeFailure } from "./failures.ts";
import { decodeForm } from "./form.ts";
import { lineItemsOf } from "./objects/checkout-lines.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Answer, Incoming } from "./server.ts";
import type { CheckoutSession } from "./wire.ts";

/** The pages a person sees: `/checkout/{id}` with its button, and `/portal/…`, which only leads back. */
export function answerPage(sandbox: Sandbox, request: Incoming): Answer {
  const [, noun = "", id = "", verb = ""] = request.path.split("/");
  const session = noun === "checkout" ? sandbox.store.find("checkout.session", decodeURIComponent(id)) : null;
  if (session && request.method === "GET" && verb === "")
    return page(200, checkoutPage(sandbox, session, null));
  if (session && request.method === "POST" && verb === "pay") return payPage(sandbox, session, request);
  if (noun === "portal" && request.method === "GET") return portalPage(sandbox, request);
  return page(404, layout("Not found", "<p>There is nothing at this address.</p>"));
}

function payPage(sandbox: Sandbox, session: CheckoutSession, request: Incoming): Answer {
  const card = decodeForm(request.body).card;
  try {
    const paid = pay(sandbox, session.id, typeof card === "string" ? card : "pm_card_visa");
    const target = (paid.success_url ?? "/").replaceAll("{CHECKOUT_SESSION_ID}", paid.id);
    return { status: 303, headers: { location: target }, body: "" };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return page(error.status, checkoutPage(sandbox, session, error.message));
  }
}

function checkoutPage(sandbox: Sandbox, session: CheckoutSession, problem: string | null): string {
  if (session.status !== "open")
    return layout("Checkout", `<p>This session is ${escapeHtml(session.status ?? "")}.</p>`);
  const { database, store, queue, base } = sandbox;
  const cause = { id: null, idempotency_key: null };
  const books = openBooks({ database, store, queue, base, cause, now: Math.floor(sandbox.now() / 1000) });
  const lines = lineItemsOf(books, session).data.map(
    (line) =>
      `<li>${line.quantity} × ${escapeHtml(line.description ?? "")}: ${money(line.amount_total, line.currency)}</li>`,
  );
  const back = session.cancel_url
    ? `<p><a href="${escapeHtml(session.cancel_url)}">Go back without paying</a></p>`
    : "";
  return layout(
    "Checkout",
    `${problem ? `<p role="alert"><strong>${escapeHtml(problem)}</strong> Nothing was charged.</p>` : ""}
    <p>This is a local sandbox: no money moves.</p>
    <ul>${lines.join("")}</ul>
    <p>Due today: <strong>${money(session.amount_total ?? 0, session.currency ?? "usd")}</strong></p>
    <form method="post" action="/checkout/${escapeHtml(session.id)}/pay">
      <p><label for="card">Test card</label>
      <select id="card" name="card">
        <option value="pm_card_visa">Visa that pays (4242)</option>
        <option value="pm_card_chargeCustomerFail">Card that is declined (0341)</option>
      </select></p>
      <p><button type="submit">Pay and subscribe</button></p>
    </form>${back}`,
  );
}

function portalPage(sandbox: Sandbox, request: Incoming): Answer {
  const [session] = sandbox.store.where("billing_portal.session", "$.url", `${sandbox.base}${request.path}`);
  if (!session) return page(404, layout("Not found", "<p>There is nothing at this address.</p>"));
  const back = session.return_url ? `<p><a href="${escapeHtml(session.return_url)}">Return</a></p>` : "";
  const customer = sandbox.store.find("customer", session.customer);
  const name = customer?.name ?? customer?.email ?? session.customer;
  return page(
    200,
    layout("Customer portal", `<p>Billing of ${escapeHtml(name)}, in a local sandbox.</p>${back}`),
  );
}

function layout(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Stripe sandbox</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}
button,select{font:inherit;padding:.5rem 1rem;min-height:2.75rem}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${content}</main></body></html>`;
}

function money(amount: number, currency: string): string {
  return `${(amount / 100).toFixed(2)} ${escapeHtml(currency.toUpperCase())}`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(status: number, body: string): Answer {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
  return { status, headers, body };
}
