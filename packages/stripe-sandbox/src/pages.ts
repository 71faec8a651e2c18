import { openBooks } from "./books.ts";
import { pay } from "./control.ts";
import { StripeFailure } from "./failures.ts";
import { decodeForm } from "./form.ts";
import type { Answer, Incoming } from "./http.ts";
import { escapeHtml, layout, money, page } from "./layout.ts";
import { lineItemsOf } from "./objects/checkout-lines.ts";
import type { Sandbox } from "./parts.ts";
import { portalPage } from "./portal-page.ts";
import { decodedSegment } from "./segments.ts";
import type { CheckoutSession } from "./wire.ts";

/** The pages a person sees: `/checkout/{id}` with its button, and `/portal/…`. */
export function answerPage(sandbox: Sandbox, request: Incoming): Answer {
  const [, noun = "", id = "", verb = ""] = request.path.split("/");
  const session = noun === "checkout" ? sandbox.store.find("checkout.session", decodedSegment(id)) : null;
  if (session && request.method === "GET" && verb === "")
    return page(200, checkoutPage(sandbox, session, null));
  if (session && request.method === "POST" && verb === "pay") return payPage(sandbox, session, request);
  if (noun === "portal") return portalPage(sandbox, request);
  return page(404, layout("Not found", "<p>There is nothing at this address.</p>"));
}

function payPage(sandbox: Sandbox, session: CheckoutSession, request: Incoming): Answer {
  const form = decodeForm(request.body);
  const word = (name: string): string | undefined => {
    const value = form[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  };
  try {
    const paid = pay(sandbox, session.id, {
      card: word("card") ?? "pm_card_visa",
      promotionCode: word("promotionCode"),
      country: word("country")?.toUpperCase(),
    });
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
      `<li class="sum"><span>${line.quantity} × ${escapeHtml(line.description ?? "")}</span> <span>${money(line.amount_total, line.currency)}</span></li>`,
  );
  const back = session.cancel_url
    ? `<p><a href="${escapeHtml(session.cancel_url)}">Go back without paying</a></p>`
    : "";
  return layout(
    "Checkout",
    `${problem ? `<p role="alert"><strong>${escapeHtml(problem)}</strong> Nothing was charged.</p>` : ""}
    <p class="quiet">This is a local sandbox: no money moves.</p>
    <ul>${lines.join("")}
    <li class="sum"><strong>Due today</strong> <strong>${money(session.amount_total ?? 0, session.currency ?? "usd")}</strong></li></ul>
    <form method="post" action="/checkout/${escapeHtml(session.id)}/pay">
      <p><label for="card">Test card</label>
      <select id="card" name="card">
        <option value="pm_card_visa">Visa that pays (4242)</option>
        <option value="pm_card_chargeCustomerFail">Card that is declined (0341)</option>
      </select></p>
      ${session.allow_promotion_codes ? field("promotionCode", "Promotion code") : ""}
      ${session.automatic_tax.enabled ? field("country", "Country (two letters)") : ""}
      <p><button type="submit">Pay and subscribe</button></p>
    </form>${back}`,
  );
}

function field(name: string, label: string): string {
  return `<p><label for="${name}">${label}</label> <input id="${name}" name="${name}"></p>`;
}
