import { liveSubscriptions } from "./billing/portal.ts";
import { actAtPortal } from "./control.ts";
import { StripeFailure } from "./failures.ts";
import { decodeForm } from "./form.ts";
import type { Answer, Incoming } from "./http.ts";
import { escapeHtml, layout, page } from "./layout.ts";
import type { Sandbox } from "./parts.ts";
import type { PortalSession, Subscription } from "./wire.ts";

const forms: Record<string, string> = {
  cancel: "Cancel subscription",
  resume: "Keep subscription",
  card: "Use this card",
};

/** A portal session's page: what the customer has, with a button for each action; a POST presses one. */
export function portalPage(sandbox: Sandbox, request: Incoming): Answer {
  const path = request.path.split("/").slice(0, 3).join("/");
  const [session] = sandbox.store.where("billing_portal.session", "$.url", `${sandbox.base}${path}`);
  const verb = request.path.split("/")[3] ?? "";
  if (!session) return page(404, layout("Not found", "<p>There is nothing at this address.</p>"));
  if (request.method === "GET" && verb === "") return page(200, contentOf(sandbox, session, null));
  if (request.method !== "POST" || !Object.hasOwn(forms, verb)) {
    return page(404, layout("Not found", "<p>There is nothing at this address.</p>"));
  }
  const { subscription, card } = decodeForm(request.body);
  const word = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  try {
    actAtPortal(sandbox, session.id, { verb, subscription: word(subscription), card: word(card) });
    return { status: 303, headers: { location: path }, body: "" };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return page(error.status, contentOf(sandbox, session, error.message));
  }
}

function contentOf(sandbox: Sandbox, session: PortalSession, problem: string | null): string {
  const customer = sandbox.store.find("customer", session.customer);
  const name = customer?.name ?? customer?.email ?? session.customer;
  const features = sandbox.store.find("billing_portal.configuration", session.configuration)?.features;
  const live = liveSubscriptions(sandbox, session.customer);
  const rows = live.map((subscription) =>
    rowOf(sandbox, session, subscription, features?.subscription_cancel.enabled === true),
  );
  const card = features?.payment_method_update.enabled ? cardForm(session) : "";
  const back = session.return_url ? `<p><a href="${escapeHtml(session.return_url)}">Return</a></p>` : "";
  return layout(
    "Customer portal",
    `${problem ? `<p role="alert"><strong>${escapeHtml(problem)}</strong></p>` : ""}
    <p class="quiet">Billing of ${escapeHtml(name)}, in a local sandbox.</p>
    ${rows.length > 0 ? `<ul>${rows.join("")}</ul>` : "<p>There is no subscription.</p>"}${card}${back}`,
  );
}

function rowOf(
  sandbox: Sandbox,
  session: PortalSession,
  subscription: Subscription,
  cancels: boolean,
): string {
  const items = subscription.items.data.map(({ price, quantity }) => {
    const product = sandbox.store.find("product", price.product)?.name ?? price.id;
    return `${quantity ?? 1} × ${escapeHtml(product)}`;
  });
  const ends = subscription.cancel_at;
  const until = ends === null ? "" : `, ends on ${new Date(ends * 1000).toISOString().slice(0, 10)}`;
  const button = ends === null ? (cancels ? "cancel" : null) : "resume";
  const input = `<input type="hidden" name="subscription" value="${escapeHtml(subscription.id)}">`;
  const form = button === null ? "" : formOf(session, button, input);
  return `<li>${items.join(", ")}: ${escapeHtml(subscription.status)}${until}${form}</li>`;
}

function cardForm(session: PortalSession): string {
  const select = `<p><label for="card">Test card</label>
    <select id="card" name="card">
      <option value="pm_card_visa">Visa that pays (4242)</option>
      <option value="pm_card_chargeCustomerFail">Card that is declined (0341)</option>
    </select></p>`;
  return formOf(session, "card", select);
}

function formOf(session: PortalSession, verb: string, content: string): string {
  const action = `${new URL(session.url).pathname}/${verb}`;
  const button = `<p><button type="submit">${forms[verb]}</button></p>`;
  return `<form method="post" action="${escapeHtml(action)}">${content}${button}</form>`;
}
