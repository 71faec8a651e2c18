import type { Books } from "../books.ts";
import { usageSums } from "../objects/invoice-line.ts";
import type { Invoice, InvoiceLine } from "../wire.ts";
import { relined } from "./invoicing.ts";
import { billedUnits, isMetered } from "./metered-usage.ts";

/** A draft with the usage that has arrived since it was made: what counts is there when it is finalized. */
export function withUsage(books: Books, draft: Invoice): Invoice {
  const lines = draft.lines.data.map((line) => withUnits(books, draft, line));
  const moved = lines.some((line, index) => line !== draft.lines.data[index]);
  return moved ? relined(books, draft, draft, lines) : draft;
}

function withUnits(books: Books, draft: Invoice, line: InvoiceLine): InvoiceLine {
  const price = books.store.find("price", line.pricing?.price_details?.price ?? "");
  const isUsage = line.parent?.subscription_item_details && price && isMetered(price);
  if (!isUsage || line.period.start === line.period.end) return line;
  const units = billedUnits(books, price, draft.customer ?? "", line.period);
  const label = (line.description ?? "").replace(/^\S+ × /, "");
  return units === line.quantity_decimal ? line : { ...line, ...usageSums(price, units, label) };
}
