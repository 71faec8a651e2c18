import type { LedgerRow } from "@headroom/db/overage-ledger";
import { plainPrice } from "@headroom/domain/money";
import { itemPricing } from "@headroom/domain/overage-lines";
import type { NewInvoiceItem } from "./invoice-calls.ts";

/** A row of the ledger as the invoice item that bills it. */
export function toItem(row: LedgerRow, customerId: string, invoiceId: string): NewInvoiceItem {
  const unitPrice = plainPrice(row.unitPrice);
  return {
    customerId,
    invoiceId,
    ledgerId: row.id,
    description: describe(row),
    currency: row.currency,
    unitPrice,
    quantity: row.quantity,
    pricing: itemPricing({ ...row, unitPrice }),
    periodStart: row.periodStart.getTime(),
    periodEnd: row.periodEnd.getTime(),
  };
}

function describe({ meter, quantity, kind, segment, planId }: LedgerRow): string {
  if (kind === "adjustment") {
    return `${meter}: ${quantity} units, a correction of an earlier invoice`;
  }
  const under = segment === 0 ? "" : `, under ${planId}`;
  return `${meter}: ${quantity} above what the plan includes${under}`;
}
