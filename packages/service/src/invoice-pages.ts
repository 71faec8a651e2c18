import { invalidField } from "@headroom/domain/validation";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import type { InvoicePage, StripeInvoice } from "./stripe/invoice-calls.ts";

interface Page {
  invoices: StripeInvoice[];
  nextCursor: string | null;
}

/**
 * A page of an organization's invoices: first those of today's customer, then those of the ones before. Stripe's pages have at
 * most 100, and its cursors are ids; before an id of a former customer ours has the customer.
 * @param customers the last one first.
 * @throws DomainError validation_failed (400) for a cursor of another list; StripeFault
 */
export async function readInvoicePage(
  stripe: StripeGateway,
  customers: readonly string[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<Page> {
  const [, named, after] = /^(?:(cus_\w+)(?:\/|$))?(.*)$/s.exec(cursor ?? "") ?? [];
  const at = named === undefined ? 0 : customers.indexOf(named);
  const customerId = customers[at];
  if (customerId === undefined) {
    if (cursor !== undefined) {
      throw invalidField("cursor", "is not a cursor of this list");
    }
    return { invoices: [], nextCursor: null };
  }
  const { invoices, more } = await pageOf(stripe, customerId, { limit, after: after || null });
  const last = invoices.at(-1)?.id;
  const next = customers[at + 1] ?? null;
  const cursorOf = (id: string) => (at === 0 ? id : `${customerId}/${id}`);
  return { invoices, nextCursor: more && last !== undefined ? cursorOf(last) : next };
}

async function pageOf(
  stripe: StripeGateway,
  customerId: string,
  { limit, after }: { limit: number; after: string | null },
): Promise<InvoicePage> {
  try {
    return await stripe.listInvoices(customerId, { limit: Math.min(limit, 100), after });
  } catch (error) {
    if (after !== null && error instanceof StripeFault && error.kind === "missing") {
      throw invalidField("cursor", "is not a cursor of this list");
    }
    throw error;
  }
}
